"""Upsampling fused with its convolution loses nothing of the result."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch
from diffusers.models.upsampling import Upsample2D
from torch import Tensor
from torch.nn import functional

from gpu_worker.models.i2vgen_xl.unet.upsampling import FusedUpsample2D


def block() -> Upsample2D:
    """Return a small upsampler with random weights in channels-last order."""
    torch.manual_seed(3)
    made = Upsample2D(8, use_conv=True, out_channels=12)
    return cast(Upsample2D, cast(Any, made).to(memory_format=torch.channels_last).eval())


def exactly(stock: Upsample2D, maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Return what the upsampler gives in double precision."""
    convolution = cast(Any, stock).conv
    grown = functional.interpolate(maps.double(), size=size, mode="nearest")
    weight, bias = convolution.weight.double(), convolution.bias.double()
    return functional.conv2d(grown, weight, bias, padding=1)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(5, 3), (4, 4), (1, 6)])
def test_a_doubled_map_is_nearer_to_the_exact_one_than_before(size: tuple[int, int]) -> None:
    stock = block()
    maps = torch.randn(3, 8, *size).contiguous(memory_format=torch.channels_last)
    expected = exactly(stock, maps, (2 * size[0], 2 * size[1]))
    usual = (stock(maps).double() - expected).square().mean()
    found = FusedUpsample2D(stock)(maps)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert (found.double() - expected).square().mean() <= 1.2 * usual + 1e-16
    assert torch.allclose(found.double(), expected, atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(9, 6), (10, 5), (7, 5)])
def test_other_sizes_than_twice_are_grown_as_before(size: tuple[int, int]) -> None:
    stock = block()
    maps = torch.randn(2, 8, 5, 3).contiguous(memory_format=torch.channels_last)
    expected = exactly(stock, maps, size)
    assert torch.allclose(
        FusedUpsample2D(stock)(maps, torch.Size(size)).double(), expected, atol=1e-5
    )

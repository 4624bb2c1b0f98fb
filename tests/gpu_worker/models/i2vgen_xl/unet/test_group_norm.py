"""Normalising channels-last maps loses nothing against plain ones."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.unet.group_norm import group_norm, group_norm_silu

SIZES = [(4, 48, 32, 32), (2, 48, 16, 1024), (3, 16, 1, 1), (2, 8, 5, 7)]


def error(result: Tensor, norm: nn.GroupNorm, maps: Tensor) -> float:
    """Return the root mean square distance from double precision, as a share of the size."""
    expected = torch.nn.functional.group_norm(
        maps.double(), norm.num_groups, norm.weight.double(), norm.bias.double()
    )
    difference = (result.double() - expected).square().mean().sqrt()
    return float(difference / expected.square().mean().sqrt())


@torch.inference_mode()
@pytest.mark.parametrize("size", SIZES)
def test_channels_last_maps_are_normalised_as_exactly_as_plain_ones(
    size: tuple[int, int, int, int],
) -> None:
    generator = torch.Generator().manual_seed(1)
    maps = torch.randn(size, generator=generator) * 1.5 + 0.7
    norm = nn.GroupNorm(8, size[1])
    norm.weight.normal_(generator=generator)
    inner = maps.contiguous(memory_format=torch.channels_last)
    found = group_norm(norm, inner)
    assert error(found, norm, maps) <= 1.2 * error(norm(maps), norm, maps) + 1e-8
    assert found.is_contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def test_what_was_normalised_stays_as_it_was() -> None:
    maps = torch.randn(2, 16, 4, 4).contiguous(memory_format=torch.channels_last)
    before = maps.clone()
    found = group_norm_silu(nn.GroupNorm(4, 16), maps)
    assert torch.equal(maps, before)
    assert torch.allclose(found, torch.nn.functional.silu(nn.GroupNorm(4, 16)(maps)), atol=1e-5)

"""Weights in eight bits take about half of the memory, and predict nearly the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor

from gpu_worker.models.i2vgen_xl.checkpoint.component_loading import load_components
from gpu_worker.models.i2vgen_xl.checkpoint.locate import EMBEDDED
from gpu_worker.models.i2vgen_xl.memory.eight_bit import quantize
from gpu_worker.models.i2vgen_xl.memory.estimator import weight_bytes
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention_choice import CPU_KERNELS
from gpu_worker.models.i2vgen_xl.unet.conditioning import Conditioning
from gpu_worker.models.i2vgen_xl.unet.unet import UNet

MOST_MEMORY = 0.55
MOST_DISTANCE = 0.01
FRAMES, SIDE = 8, 16


@pytest.fixture(scope="module")
def stock() -> Any:
    """Load the embedded model's UNet."""
    unet: Any = load_components(EMBEDDED, torch.device("cpu"), torch.float32).unet
    return unet.eval().requires_grad_(False)


def wrapped(stock: Any) -> UNet:
    return UNet(copy.deepcopy(stock), CPU_KERNELS, Optimizations(compiled=False)).eval()


@torch.inference_mode()
def prediction(unet: UNet, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    shapes = ((1, 16, width), (1, 1, width), (1, 4, FRAMES, SIDE, SIDE), (1, 4, FRAMES, SIDE, SIDE))
    text, image, latents, sample = (torch.randn(shape, generator=generator) for shape in shapes)
    prepared = unet.prepare(Conditioning(text, image, latents, 8), torch.tensor([981]))
    time = prepared.time_table[0]
    result: Tensor = unet(sample, prepared.image_features, time, prepared.contexts)
    return result


def test_weights_in_half_precision_take_half_of_their_memory(stock: Any) -> None:
    unet = wrapped(stock).half()
    before = weight_bytes(unet)
    quantize(unet)
    assert weight_bytes(unet) <= MOST_MEMORY * before


def test_what_is_predicted_is_nearly_the_same(stock: Any) -> None:
    unet, width = wrapped(stock), stock.config.cross_attention_dim
    whole = prediction(unet, width)
    quantize(unet)
    difference = prediction(unet, width) - whole
    assert 0 < difference.norm() <= MOST_DISTANCE * whole.norm()

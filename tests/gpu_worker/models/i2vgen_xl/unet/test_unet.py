"""Our forward pass gives what the stock one gives, with every optimization on or off."""

from __future__ import annotations

import copy
import re
from typing import Any, cast

import pytest
import torch
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from torch import Tensor

from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import (
    TINY,
    random_unet,
    randomize_zeros,
)
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS, AttentionKind, KernelNames
from gpu_worker.models.i2vgen_xl.unet.attention_choice import CPU_KERNELS
from gpu_worker.models.i2vgen_xl.unet.conditioning import Conditioning
from gpu_worker.models.i2vgen_xl.unet.unet import DeepCache, UNet

FRAMES, HEIGHT, WIDTH = 5, 12, 14
TIMESTEPS = torch.tensor([981, 501])


@pytest.fixture(scope="module")
def stock() -> I2VGenXLUNet:
    """Build a tiny stock UNet in which no layer is zero."""
    torch.manual_seed(1)
    model = random_unet(TINY)
    randomize_zeros(model)
    return model


@pytest.fixture(scope="module")
def conditioning() -> Conditioning:
    """Draw the conditioning of one clip with guidance."""
    torch.manual_seed(2)
    image = torch.randn(2, 1, TINY.context)
    image[0] = 0
    latents = torch.randn(1, 4, FRAMES, HEIGHT, WIDTH)
    return Conditioning(torch.randn(2, 16, TINY.context), image, latents, 8)


@pytest.fixture(scope="module")
def sample() -> Tensor:
    """Draw a noisy sample."""
    torch.manual_seed(3)
    return torch.randn(1, 4, FRAMES, HEIGHT, WIDTH)


def stock_pass(model: I2VGenXLUNet, conditioning: Conditioning, sample: Tensor) -> Tensor:
    """Run the stock forward pass as the stock pipeline does."""
    with torch.inference_mode():
        result = cast(Any, model)(
            torch.cat([sample] * 2),
            TIMESTEPS[0],
            fps=torch.tensor([conditioning.fps] * 2),
            image_latents=torch.cat([conditioning.image_latents] * 2),
            image_embeddings=conditioning.image_embeddings,
            encoder_hidden_states=conditioning.encoder_hidden_states,
            return_dict=False,
        )
    return cast(Tensor, result[0])


def own_pass(
    model: I2VGenXLUNet,
    conditioning: Conditioning,
    sample: Tensor,
    optimizations: Optimizations,
    kernels: KernelNames | None = None,
) -> Tensor:
    """Run our forward pass on a copy of the stock model."""
    with torch.inference_mode():
        unet = UNet(
            copy.deepcopy(model),
            kernels or CPU_KERNELS,
            optimizations,
        )
        ready = unet.prepare(conditioning, TIMESTEPS)
        return cast(Tensor, unet(sample, ready.image_features, ready.time_table[0], ready.contexts))


def distance(result: Tensor, expected: Tensor) -> float:
    """Return the largest difference as a share of the largest value."""
    return float((result - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("off", ["nothing", *Optimizations.names()])
def test_the_forward_pass_equals_the_stock_one_without_any_one_optimization(
    stock: I2VGenXLUNet, conditioning: Conditioning, sample: Tensor, off: str
) -> None:
    optimizations = Optimizations() if off == "nothing" else Optimizations().without(off)
    result = own_pass(stock, conditioning, sample, optimizations)
    assert distance(result, stock_pass(stock, conditioning, sample)) < 1e-5


def test_the_forward_pass_equals_the_stock_one_without_all_optimizations(
    stock: I2VGenXLUNet, conditioning: Conditioning, sample: Tensor
) -> None:
    result = own_pass(stock, conditioning, sample, Optimizations.none())
    assert distance(result, stock_pass(stock, conditioning, sample)) < 1e-5


@pytest.mark.parametrize("name", [name for name in KERNELS if name != "xformers"])
def test_every_attention_kernel_gives_the_same(
    stock: I2VGenXLUNet, conditioning: Conditioning, sample: Tensor, name: str
) -> None:
    result = own_pass(
        stock, conditioning, sample, Optimizations(), dict.fromkeys(AttentionKind, name)
    )
    assert distance(result, stock_pass(stock, conditioning, sample)) < 1e-5


def test_slices_change_nothing(
    stock: I2VGenXLUNet, conditioning: Conditioning, sample: Tensor
) -> None:
    with torch.inference_mode():
        unet = UNet(copy.deepcopy(stock), CPU_KERNELS, Optimizations())
        unet.slice_feed_forward(8)
        ready = unet.prepare(conditioning, TIMESTEPS)
        result = unet(sample, ready.image_features, ready.time_table[0], ready.contexts)
    assert distance(result, stock_pass(stock, conditioning, sample)) < 1e-5


def test_reused_features_of_the_same_step_give_the_same(
    stock: I2VGenXLUNet, conditioning: Conditioning, sample: Tensor
) -> None:
    with torch.inference_mode():
        unet = UNet(copy.deepcopy(stock), CPU_KERNELS, Optimizations())
        ready = unet.prepare(conditioning, TIMESTEPS)
        cache = DeepCache()
        given = (sample, ready.image_features, ready.time_table[0], ready.contexts)
        fresh = unet(*given, cache)
        cache.prime(fresh=False, frames=2 * FRAMES)
        again = unet(*given, cache)
    assert torch.equal(fresh, again)


def test_a_layer_of_each_kind_is_one_graph_for_the_compiler(
    stock: I2VGenXLUNet, conditioning: Conditioning, sample: Tensor
) -> None:
    with torch.inference_mode():
        optimizations = Optimizations().without("fused_gate")
        unet = UNet(copy.deepcopy(stock), CPU_KERNELS, optimizations)
        ready = unet.prepare(conditioning, TIMESTEPS)
        kinds = {re.sub(r"\d+", "", repr(layer)): layer for layer in unet.layers()}
        assert len(kinds) == 3  # with attention, without, and with more channels in than out
        for layer in kinds.values():
            # The compiler's front end alone, which raises where a layer falls into pieces.
            cast(Any, layer).compile(backend="eager", fullgraph=True, dynamic=False)
        result = unet(sample, ready.image_features, ready.time_table[0], ready.contexts)
    assert distance(result, stock_pass(stock, conditioning, sample)) < 1e-5

"""Counts the floating-point operations of clips."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair, load_engine
from gpu_worker.models.i2vgen_xl.autoencoder import scale_factor
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.conditioning import Conditioning
from gpu_worker.models.i2vgen_xl.unet.unet import DeepCache, UNet
from storage.domain.request import Preset


def count_flops(call: Callable[[], Any]) -> float:
    """Count the floating-point operations of a call."""
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())


def stock_flops(pair: PipelinePair, shape: ClipShape) -> float:
    """Count the operations of the stock pipeline's denoising of a clip."""
    pair.move_to_device("stock")
    # The encoders run once per clip, so only what a step adds is multiplied.
    first, second = (
        count_flops(partial(pair.stock.latents, shape, steps=steps)) for steps in (1, 2)
    )
    return first + (shape.steps - 1) * (second - first)


def work_share(pair: PipelinePair, shape: ClipShape, preset: Preset) -> float:
    """Return the share of the stock pipeline's forward passes that a preset still makes.

    A pass without guidance counts half, one with reused features by its own operations.
    """
    row = pair.engine.presets[preset]
    steps = max(2, round(shape.steps * row.steps))
    guided = round(row.guidance.high * steps) - round(row.guidance.low * steps)
    fresh = -(-steps // row.reuse)
    reused = _reuse_share(pair, shape) if row.reuse > 1 else 1.0
    passes = (steps + guided) / 2
    return passes * (fresh + reused * (steps - fresh)) / steps / shape.steps


@torch.inference_mode()
def _reuse_share(pair: PipelinePair, shape: ClipShape) -> float:
    """Return the operations of a pass with reused features as a share of a whole one's."""
    # PyTorch does not count a CPU's fused products, so they are left off here.
    engine = load_engine(
        pair.folder, pair.device, Optimizations(compiled=False).without("fused_gate")
    )
    unet, components = engine.pipeline.unet, engine.pipeline.components
    factor = scale_factor(components.vae)
    size = (1, 4, shape.frames, shape.height // factor, shape.width // factor)
    sample = torch.zeros(size, device=pair.device, dtype=components.unet.dtype)
    width = components.unet.config.cross_attention_dim
    text, image = sample.new_zeros(1, 8, width), sample.new_zeros(1, 1, width)
    conditioning = Conditioning(text, image, sample, 8)
    reused, whole = (pass_flops(unet, conditioning, 1, fresh) for fresh in (False, True))
    return reused / whole


def pass_flops(unet: UNet, conditioning: Conditioning, halves: int, fresh: bool) -> float:
    """Count one pass, with deep features computed afresh or those of an earlier pass.

    halves is 2 for a pass with guidance, else 1.
    """
    sample = conditioning.image_latents
    prepared = unet.prepare(conditioning, torch.zeros(1, device=sample.device))
    contexts = tuple((key[:halves], value[:halves]) for key, value in prepared.contexts)
    cache = DeepCache()

    def run() -> None:
        unet(sample, prepared.image_features, prepared.time_table[0], contexts, cache)

    if not fresh:
        run()
        cache.prime(fresh=False, frames=halves * sample.shape[2])
    return count_flops(run)

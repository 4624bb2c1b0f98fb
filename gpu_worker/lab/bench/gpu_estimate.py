"""Calculated: a GPU's memory and arithmetic, counted on tensors that hold nothing.

Both sides run at full size on PyTorch's meta device, in half precision, as they would on a GPU
without a compiler, which saves more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from gpu_worker.lab.bench import timing as meter
from gpu_worker.lab.bench.allocation_counter import Tally
from gpu_worker.lab.bench.pipelines import Shape
from gpu_worker.models.i2vgen_xl.autoencoder import CHUNK, in_memory_format
from gpu_worker.models.i2vgen_xl.checkpoint import random_modules
from gpu_worker.models.i2vgen_xl.memory.eight_bit import quantize
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode
from gpu_worker.models.i2vgen_xl.memory.fallback import GPU_SLICES, SLICES
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention import AttentionKernels
from gpu_worker.models.i2vgen_xl.unet.conditioning import Conditioning
from gpu_worker.models.i2vgen_xl.unet.unet import DeepCache, UNet
from storage.domain.catalogue import PresetRow
from storage.domain.request import Preset

NOWHERE = torch.device("meta")


@dataclass(frozen=True)
class Calculated:
    """What a guided clip of a shape would take, in bytes and in operations."""

    shape: Shape
    peaks: dict[str, float]
    operations: dict[str, float]

    def lines(self) -> list[str]:
        """Return the figures as a table of Markdown."""
        shape = self.shape
        whole, work = self.peaks["stock"], self.operations["stock"]
        size = f"{shape.width} x {shape.height} x {shape.frames}, {shape.steps} steps"
        lines = [f"**{size}**", "", "| side | peak memory | of stock |", "|---|---|---|"]
        for name, peak in self.peaks.items():
            lines.append(f"| {name} | {peak / 2**30:.2f} GiB | {peak / whole:.2f} |")
        lines += ["", "| side | operations | of stock |", "|---|---|---|"]
        for name, count in self.operations.items():
            lines.append(f"| {name} | {count / 1e12:.0f} TFLOP | {count / work:.2f} |")
        return [*lines, ""]


def calculate(shape: Shape, presets: Mapping[Preset, PresetRow]) -> Calculated:
    """Count both sides for a shape."""
    return Calculated(shape, peaks(shape), operations(shape, presets))


def peaks(shape: Shape) -> dict[str, float]:
    """Return the bytes at their peak of a guided clip: of stock, and of ours with each saving."""
    return {"stock": stock_peak(shape)} | {
        saving.value: own_peak(shape, saving) for saving in MemoryMode
    }


@torch.inference_mode()
def stock_peak(shape: Shape) -> float:
    """Return the stock pipeline's peak: all weights, and the net or the decoding of a frame."""
    net, autoencoder = made(random_modules.random_unet), made(random_modules.random_vae)
    encoders = [
        made(maker)
        for maker in (random_modules.random_text_encoder, random_modules.random_image_encoder)
    ]
    with Tally() as tally:
        tally.hold(net, autoencoder, *encoders)
        stock_pass(net, shape)
        decode(autoencoder, shape, 1)
    return float(tally.peak)


@torch.inference_mode()
def own_peak(shape: Shape, saving: MemoryMode) -> float:
    """Return our engine's peak: encoders at first, then the net, then the decoding."""
    halves = 1 if saving in (MemoryMode.HALVES, MemoryMode.EIGHT_BIT) else 2
    autoencoder = made(random_modules.random_vae)
    autoencoder.to(memory_format=torch.channels_last)
    net = own_net()
    net.slice_feed_forward(GPU_SLICES if saving is MemoryMode.NONE else SLICES)
    if saving is MemoryMode.EIGHT_BIT:
        quantize(net)
    encoders = [
        made(maker)
        for maker in (random_modules.random_text_encoder, random_modules.random_image_encoder)
    ]
    with Tally() as tally:
        tally.hold(net, autoencoder, *encoders)
        given = conditions(shape)
        encoders.clear()
        prepared = net.prepare(given, torch.zeros(shape.steps, device=NOWHERE))
        contexts = tuple((key[:halves], value[:halves]) for key, value in prepared.contexts)
        net(
            nothing(1, *given.image_latents.shape[1:]),
            prepared.image_features,
            prepared.time_table[0],
            contexts,
        )
        del prepared, contexts
        decode(autoencoder, shape, CHUNK)
    return float(tally.peak)


@torch.inference_mode()
def operations(shape: Shape, presets: Mapping[Preset, PresetRow]) -> dict[str, float]:
    """Return the operations of a clip's denoising: by stock, and by each preset."""
    net = made(random_modules.random_unet)
    found = {"stock": shape.steps * meter.operations(lambda: stock_pass(net, shape))}
    ours = own_net()
    cost = {(halves, new): _pass(ours, shape, halves, new) for halves in (1, 2) for new in (0, 1)}
    for preset, row in presets.items():
        steps = max(2, round(shape.steps * row.steps))
        low, high = (round(share * steps) for share in (row.guidance.low, row.guidance.high))
        passes = ((2 if low <= at < high else 1, at % row.reuse == 0) for at in range(steps))
        found[preset.value] = sum(cost[halves, int(new)] for halves, new in passes)
    return found


def _pass(net: UNet, shape: Shape, halves: int, new: int) -> float:
    """Count one pass of ours, with deep features of its own or with those of an earlier one."""
    given = conditions(shape)
    ready = net.prepare(given, torch.zeros(1, device=NOWHERE))
    contexts = tuple((key[:halves], value[:halves]) for key, value in ready.contexts)
    cache = DeepCache()

    def run() -> Tensor:
        return cast(
            Tensor,
            net(given.image_latents, ready.image_features, ready.time_table[0], contexts, cache),
        )

    if new:
        return meter.operations(run)
    run()
    cache.prime(fresh=False, frames=halves * shape.frames)
    return meter.operations(run)


def stock_pass(net: Any, shape: Shape) -> None:
    """Run the stock net once, with guidance."""
    latents = nothing(2, 4, shape.frames, *across(shape))
    net(
        latents,
        torch.zeros((), device=NOWHERE),
        fps=torch.zeros(2, device=NOWHERE),
        image_latents=torch.zeros_like(latents),
        image_embeddings=nothing(2, 1, random_modules.FULL.context),
        encoder_hidden_states=nothing(2, random_modules.FULL.tokens, random_modules.FULL.context),
    )


def own_net() -> UNet:
    """Return our net at full size without weights."""
    return UNet(
        made(random_modules.random_unet), AttentionKernels.uniform("sdpa"), Optimizations()
    ).eval()


def made(maker: Callable[[random_modules.ModelSize], nn.Module]) -> Any:
    """Return a part at full size without weights."""
    with NOWHERE:
        return maker(random_modules.FULL).half().requires_grad_(False)


def nothing(*size: int) -> Tensor:
    """Return half-precision numbers that lie nowhere."""
    return torch.empty(size, dtype=torch.float16, device=NOWHERE)


def across(shape: Shape) -> tuple[int, int]:
    """Return the height and the width in latents."""
    return shape.height // 8, shape.width // 8


def conditions(shape: Shape) -> Conditioning:
    """Return what a guided clip is steered by."""
    context = random_modules.FULL.context
    latents = nothing(1, 4, shape.frames, *across(shape))
    return Conditioning(
        nothing(2, random_modules.FULL.tokens, context), nothing(2, 1, context), latents, 8
    )


def decode(autoencoder: Any, shape: Shape, chunk: int) -> None:
    """Decode a clip, so many frames at a time."""
    latents, parts = nothing(shape.frames, 4, *across(shape)), []
    for start in range(0, shape.frames, chunk):
        part = in_memory_format(autoencoder, latents[start : start + chunk])
        parts.append(autoencoder.decode(part).sample)

"""Accuracy: how far each side is from the same clip computed in double precision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpu_worker.models.bench import stock, subjects
from gpu_worker.models.bench.subjects import Pair, Shape
from gpu_worker.models.checkpoint import traits
from storage.domain.camera import Camera
from storage.domain.request import Preset


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square differences of the latents, as a share of the reference's size."""

    stock: float
    presets: dict[Preset, float]
    from_exact: dict[Preset, float]


def measure(pair: Pair, shape: Shape) -> Errors:
    """Make one clip in each way and compare the latents."""
    seen, skip = subjects.picture(shape).fitted, traits(pair.folder).skipped
    exact = reference(pair.folder, pair.device, shape)
    of_stock = stock.latents(pair.pipeline, shape.request(), seen, skip)
    ours = {preset: subjects.latents(pair.engine, shape, preset) for preset in Preset}
    return Errors(
        distance(of_stock, exact),
        {preset: distance(found, exact) for preset, found in ours.items()},
        distances(pair, shape),
    )


def distances(pair: Pair, shape: Shape) -> dict[Preset, float]:
    """Return each preset's distance from exact, with the checkpoint used as it was trained."""
    parts = pair.engine.maker.parts
    strange, parts.traits = parts.traits, traits(pair.folder)
    moving = parts.traits.moved
    # A checkpoint that takes the moved picture was trained for little guidance.
    given: dict[str, Any] = {"camera": Camera(), "guidance": 2.0} if moving else {}
    try:
        found = {preset: subjects.latents(pair.engine, shape, preset, **given) for preset in Preset}
    finally:
        parts.traits = strange
    return {preset: distance(one, found[Preset.EXACT]) for preset, one in found.items()}


def reference(folder: Path, device: torch.device, shape: Shape) -> Tensor:
    """Return the stock pipeline's latents in double precision, or single where none fits."""
    wide = torch.float64 if device.type == "cpu" else torch.float32
    pipeline = stock.load(folder, device, wide)
    stock.settle(pipeline)
    seen, skip = subjects.picture(shape).fitted, traits(folder).skipped
    # The noise is drawn in single precision and widened, so that all start from the same.
    across = pipeline.vae_scale_factor
    size = (1, 4, shape.frames, shape.height // across, shape.width // across)
    noise = torch.randn(size, generator=torch.Generator().manual_seed(shape.request().seed))
    pipeline.prepare_latents = lambda *_given: noise.to(device, wide)
    return stock.latents(pipeline, shape.request(), seen, skip)


def distance(result: Tensor, expected: Tensor) -> float:
    """Return the root mean square difference as a share of the expected size."""
    difference = result.double().cpu() - expected.double().cpu()
    return float(difference.square().mean().sqrt() / expected.double().square().mean().sqrt())

"""Accuracy: how far each side is from the same clip computed in double precision."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpu_worker.lab.bench import pipelines as subjects
from gpu_worker.lab.bench import stock_pipeline as stock
from gpu_worker.lab.bench.pipelines import Pair, Shape
from gpu_worker.models.i2vgen_xl.checkpoint.traits import read_traits
from storage.domain.camera.motion import Camera
from storage.domain.request import Preset

SEEDS = (8888, 1, 2)
"""One seed alone would be luck: rounding errors differ by a tenth between seeds."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Root mean square differences of the latents, as a share of the reference's size.

    stock and presets are means over the seeds.
    """

    stock: float
    presets: dict[Preset, float]
    from_exact: dict[Preset, float]


UNKNOWN = Errors(math.nan, dict.fromkeys(Preset, math.nan), dict.fromkeys(Preset, math.nan))
"""What stands for errors that were not measured yet."""


def measure(pair: Pair, shape: Shape, seeds: Sequence[int] = SEEDS) -> Errors:
    """Make the clips of all seeds in each way and compare the latents."""
    seen, skip = subjects.picture(shape).fitted, read_traits(pair.folder).clip_skip
    pair.seat("nobody")
    exact = references(pair.folder, pair.device, shape, seeds)
    pair.seat("stock")
    of_stock = statistics.fmean(
        distance(stock.latents(pair.pipeline, shape.request(seed=seed), seen, skip), exact[seed])
        for seed in seeds
    )
    pair.seat("own")
    ours = {
        preset: statistics.fmean(
            distance(subjects.latents(pair.engine, shape, preset, seed=seed), exact[seed])
            for seed in seeds
        )
        for preset in Preset
    }
    return Errors(of_stock, ours, distances(pair, shape))


def distances(pair: Pair, shape: Shape) -> dict[Preset, float]:
    """Return each preset's distance from exact, with the checkpoint used as it was trained."""
    components = pair.engine.pipeline.components
    strange, components.traits = components.traits, read_traits(pair.folder)
    moving = components.traits.moved
    # A checkpoint that takes the moved picture was trained for little guidance.
    given: dict[str, Any] = {"camera": Camera(), "guidance": 2.0} if moving else {}
    try:
        found = {preset: subjects.latents(pair.engine, shape, preset, **given) for preset in Preset}
    finally:
        components.traits = strange
    return {preset: distance(one, found[Preset.EXACT]) for preset, one in found.items()}


def references(
    folder: Path, device: torch.device, shape: Shape, seeds: Sequence[int]
) -> dict[int, Tensor]:
    """Return the stock pipeline's latents by seed in double precision, or single on a GPU."""
    wide = torch.float64 if device.type == "cpu" else torch.float32
    pipeline = stock.load(folder, device, wide)
    stock.settle(pipeline)
    seen, skip = subjects.picture(shape).fitted, read_traits(folder).clip_skip
    across = pipeline.vae_scale_factor
    size = (1, 4, shape.frames, shape.height // across, shape.width // across)
    found = {}
    with _unrounded():
        for seed in seeds:
            # The noise is drawn in single precision and widened, so that all start from the same.
            noise = torch.randn(size, generator=torch.Generator().manual_seed(seed))
            opening = noise.to(device, wide)
            pipeline.prepare_latents = lambda *_given, opening=opening: opening
            request = shape.request(seed=seed)
            found[seed] = stock.latents(pipeline, request, seen, skip).cpu()
    return found


@contextmanager
def _unrounded() -> Iterator[None]:
    """Keep a GPU from rounding single precision to the nineteen bits of TF32."""
    matrix, convolution = torch.backends.cuda.matmul, torch.backends.cudnn
    before = (matrix.allow_tf32, convolution.allow_tf32)
    matrix.allow_tf32 = convolution.allow_tf32 = False
    try:
        yield
    finally:
        matrix.allow_tf32, convolution.allow_tf32 = before


def distance(result: Tensor, expected: Tensor) -> float:
    """Return the root mean square difference as a share of the expected size."""
    difference = result.double().cpu() - expected.double().cpu()
    size = expected.double().square().mean().sqrt()
    return float(difference.square().mean().sqrt() / size.cpu())

"""How far each pipeline is from the same clip computed in double precision."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair, engine_latents
from gpu_worker.lab.bench.stock_pipeline import StockPipeline
from gpu_worker.models.i2vgen_xl.checkpoint.traits import read_traits
from storage.domain.camera.motion import Camera
from storage.domain.request import Preset

SEEDS = (8888, 1, 2)
"""One seed would not do: rounding errors differ by a tenth between seeds."""


def measure_errors(pair: PipelinePair, shape: ClipShape) -> dict[Preset, dict[str, float]]:
    """Make the clips of all seeds by each pipeline and preset, and compare the latents.

    Return PresetResult's errors: root mean square differences of the latents, as a share of the
    reference's size. Those from the reference are means over the seeds.
    """
    pair.move_to_device(None)
    references = _references(pair.folder, pair.device, shape)

    def stock_latents(seed: int) -> Tensor:
        with starting_from(pair.stock, shape, seed):
            return pair.stock.latents(shape, seed=seed)

    def mean_error(latents: Callable[..., Tensor]) -> float:
        errors = (relative_error(latents(seed=seed), references[seed]) for seed in SEEDS)
        return statistics.fmean(errors)

    pair.move_to_device("stock")
    stock = mean_error(stock_latents)
    pair.move_to_device("engine")
    distances = _distances_from_exact(pair, shape)
    return {
        preset: {
            "error_vs_reference": mean_error(partial(engine_latents, pair.engine, shape, preset)),
            "stock_error_vs_reference": stock,
            "distance_from_exact": distances[preset],
        }
        for preset in Preset
    }


def _distances_from_exact(pair: PipelinePair, shape: ClipShape) -> dict[Preset, float]:
    """Return each preset's distance, with the checkpoint used as it was trained."""
    components = pair.engine.pipeline.components
    stock_traits, components.traits = components.traits, read_traits(pair.folder)
    moved = components.traits.moved
    # A checkpoint that takes the moved picture was trained for little guidance.
    changes: dict[str, Any] = {"camera": Camera(), "guidance": 2.0} if moved else {}
    try:
        latents = {
            preset: engine_latents(pair.engine, shape, preset, **changes) for preset in Preset
        }
    finally:
        components.traits = stock_traits
    return {
        preset: relative_error(result, latents[Preset.EXACT]) for preset, result in latents.items()
    }


def _references(folder: Path, device: torch.device, shape: ClipShape) -> dict[int, Tensor]:
    """Return the stock pipeline's latents by seed in double precision, or single on a GPU."""
    dtype = torch.float64 if device.type == "cpu" else torch.float32
    stock = StockPipeline(folder, device, dtype)
    references = {}
    with _without_tf32():
        for seed in SEEDS:
            with starting_from(stock, shape, seed):
                references[seed] = stock.latents(shape, seed=seed).cpu()
    return references


@contextmanager
def starting_from(stock: StockPipeline, shape: ClipShape, seed: int) -> Iterator[None]:
    """Let the stock pipeline start from a seed's noise in single precision, as the engine does.

    By itself it draws other numbers in each number format.
    """
    factor = stock.pipeline.vae_scale_factor
    size = (1, 4, shape.frames, shape.height // factor, shape.width // factor)
    noise = torch.randn(size, generator=torch.Generator().manual_seed(seed))
    given = noise.to(stock.pipeline.device, stock.pipeline.unet.dtype)
    stock.pipeline.prepare_latents = lambda *_args: given
    try:
        yield
    finally:
        del stock.pipeline.prepare_latents


@contextmanager
def _without_tf32() -> Iterator[None]:
    """Keep a GPU from rounding single precision to the nineteen bits of TF32."""
    matrix, convolution = torch.backends.cuda.matmul, torch.backends.cudnn
    before = (matrix.allow_tf32, convolution.allow_tf32)
    matrix.allow_tf32 = convolution.allow_tf32 = False
    try:
        yield
    finally:
        matrix.allow_tf32, convolution.allow_tf32 = before


def relative_error(result: Tensor, expected: Tensor) -> float:
    """Return the root mean square difference as a share of the expected size."""
    difference = result.double().cpu() - expected.double().cpu()
    size = expected.double().square().mean().sqrt()
    return float(difference.square().mean().sqrt() / size.cpu())

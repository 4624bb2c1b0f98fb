"""At full size and the product's defaults the engine makes the stock pipeline's clip."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.stock_pipeline import StockPipeline
from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import write_checkpoint
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import FULL
from gpu_worker.models.i2vgen_xl.full_size import denoised_inputs
from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import resolve_motion
from storage.catalogue_file import load_catalogue
from storage.domain.request import GenerationRequest
from tests.support.models import load_engine, silent_tracker

SHAPE = ClipShape(64, 64, 4, 50)


def default_request() -> GenerationRequest:
    """Return a small clip's request with all options left out."""
    catalogue = load_catalogue()
    admission = Admission(catalogue, catalogue.profiles["h100"])
    options = Options("a cat looks up from a sofa", model="i2vgen-xl")
    request = admission.admit(options, "x", (64, 64), seed=7)
    assert (request.steps, request.guidance, request.camera.strength) == (50, 9.0, 0.0)
    return replace(request, width=SHAPE.width, height=SHAPE.height, frames=SHAPE.frames)


def stock_latents(folder: Path, request: GenerationRequest) -> Tensor:
    """Return the stock pipeline's latents (4, f, h, w) for a request."""
    stock = StockPipeline(folder, torch.device("cpu"), torch.float32)
    return stock.latents(
        SHAPE,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        fps=request.fps,
        guidance=request.guidance,
        seed=request.seed,
    )


def engine_latents(folder: Path, request: GenerationRequest) -> Tensor:
    """Return the engine's latents (4, f, h, w) for a request."""
    engine = load_engine(folder)
    pipeline = engine.pipeline
    reading = resolve_motion(request, lambda _prompt: None)
    inputs = denoised_inputs(request, SHAPE.canvas(), reading)
    fallback = MemoryFallback(pipeline.unet, pipeline.device)
    row = engine.presets[request.preset]
    with torch.inference_mode():
        return pipeline.denoise_clips([inputs], row, fallback, silent_tracker(50))[0][1]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_the_latents_are_the_stock_pipelines(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, FULL)
    request = default_request()
    expected = stock_latents(tmp_path, request)
    gc.collect()  # both at once would take 20 GB
    found = engine_latents(tmp_path, request)
    difference = (found - expected).square().mean().sqrt() / expected.square().mean().sqrt()
    assert float(difference) <= 1e-4

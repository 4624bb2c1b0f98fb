"""Tiny random checkpoints, engines and requests, and fixtures for every test of a torch model."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_worker.engine.api import Result
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import write_checkpoint
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import TINY
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from storage.domain.prompt.reading import with_reading
from storage.domain.request import GenerationRequest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute on one thread: sums come out the same each time, and other processes get a core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session", autouse=True)
def imports_uncollected() -> Iterator[None]:
    """Leave what imports have built out of garbage collections, which fallbacks run often."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def still_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a tiny checkpoint that takes the still picture, as the full one does."""
    folder = tmp_path_factory.mktemp("still")
    write_checkpoint(folder, TINY)
    return folder


@pytest.fixture(scope="session")
def moved_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a tiny checkpoint that takes the moved picture, as the embedded one does."""
    folder = tmp_path_factory.mktemp("moved")
    traits: dict[str, Any] = {
        "image_latents": "moved",
        "target": "residual",
        "residual_scale": 0.12,
    }
    write_checkpoint(folder, TINY, traits)
    return folder


def load_engine(folder: Path, **options: Any) -> I2VGenXL:
    """Load the engine of a checkpoint's folder, on the CPU unless options say otherwise."""
    defaults = {"device": "cpu", "optimizations": Optimizations(compiled=False)}
    engine = I2VGenXL(str(folder), name="tiny", **{**defaults, **options})
    engine.load()
    return engine


def tiny_request(**changes: Any) -> GenerationRequest:
    """Return a request of four small frames."""
    request = GenerationRequest(
        picture="x",
        prompt="zoom in",
        model="tiny",
        width=64,
        height=64,
        frames=4,
        fps=8,
        steps=4,
        guidance=5.0,
        seed=7,
    )
    return with_reading(replace(request, **changes))


def generate(engine: I2VGenXL, canvas: Canvas, **changes: Any) -> Result:
    """Make the clip of a tiny request without watching it."""
    return engine.generate(tiny_request(**changes), canvas, lambda *_: None, lambda: False)


def silent_tracker(steps: int) -> ProgressTracker:
    """Return a tracker that reports to nobody and is never cancelled."""
    return ProgressTracker(lambda *_: None, lambda: False, steps)

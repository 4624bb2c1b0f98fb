"""Checkpoints with random weights, a picture and requests for the engine's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.loading import EngineOptions
from storage.catalogue_file import load_catalogue
from storage.domain.prompt.reading import with_reading
from storage.domain.request import GenerationRequest
from tests.support.checkpoints import moved_like, one_thread, stock_like

__all__ = ["moved_like", "one_thread", "stock_like"]

Order = Callable[..., GenerationRequest]


@pytest.fixture(autouse=True)
def sharing_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is measured of shared passes in the test's own folder."""
    path = tmp_path / "deep" / "batch_width.json"
    monkeypatch.setattr(batch_width, "CACHE", path)
    return path


def engine_of(folder: Path, **changes: Any) -> I2VGenXL:
    """Return a loaded engine for a checkpoint's folder."""
    setup = replace(EngineOptions(device="cpu"), **changes)
    engine = I2VGenXL(str(folder), "tiny", load_catalogue().presets, setup)
    engine.load()
    return engine


@pytest.fixture(scope="session")
def still_engine(stock_like: Path) -> I2VGenXL:
    """Load the checkpoint that takes the still picture."""
    return engine_of(stock_like)


@pytest.fixture(scope="session")
def moved_engine(moved_like: Path) -> I2VGenXL:
    """Load the checkpoint that takes the moved picture."""
    return engine_of(moved_like)


@pytest.fixture
def canvas() -> Canvas:
    """Return a soft coloured picture of 64 x 64 within one of 120 x 100."""
    noise = np.random.default_rng(0).integers(0, 255, (100, 120, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    scaled = (soft - soft.min()) / (soft.max() - soft.min()) * 255
    return Canvas(scaled.astype(np.uint8), (10.0, 0.0, 100.0, 100.0), (64, 64))


@pytest.fixture
def order() -> Order:
    """Return a maker of requests for four small frames."""

    def make(**changes: Any) -> GenerationRequest:
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

    return make

"""Loaded engines of tiny checkpoints and a picture, shared by the models' tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width
from gpu_worker.models.i2vgen_xl.checkpoint.locate import EMBEDDED
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from tests.support.models import (
    imports_uncollected,
    load_engine,
    moved_checkpoint,
    one_thread,
    still_checkpoint,
)

__all__ = ["imports_uncollected", "moved_checkpoint", "one_thread", "still_checkpoint"]


@pytest.fixture(autouse=True)
def width_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is measured of shared passes in the test's own folder."""
    path = tmp_path / "deep" / "sharing.json"
    monkeypatch.setattr(batch_width, "CACHE", path)
    return path


@pytest.fixture(scope="session")
def still_engine(still_checkpoint: Path) -> I2VGenXL:
    """Load the tiny checkpoint that takes the still picture."""
    return load_engine(still_checkpoint)


@pytest.fixture(scope="session")
def moved_engine(moved_checkpoint: Path) -> I2VGenXL:
    """Load the tiny checkpoint that takes the moved picture."""
    return load_engine(moved_checkpoint)


@pytest.fixture(scope="session")
def embedded_engine() -> I2VGenXL:
    """Load the checkpoint that the repository carries."""
    return load_engine(EMBEDDED)


@pytest.fixture(scope="session")
def canvas() -> Canvas:
    """Return a soft coloured picture of 64 x 64 within one of 120 x 100."""
    noise = np.random.default_rng(0).integers(0, 255, (100, 120, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 4)
    scaled = (soft - soft.min()) / (soft.max() - soft.min()) * 255
    return Canvas(scaled.astype(np.uint8), (10.0, 0.0, 100.0, 100.0), (64, 64))

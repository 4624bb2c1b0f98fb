"""The embedded checkpoint opens with the picture and moves as the prompt says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import skimage.data

from gpu_worker.media import motion, quality
from gpu_worker.media.picture import Canvas, centre_window
from gpu_worker.models.i2vgen_xl.checkpoint.locate import EMBEDDED
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.catalogue_file import load_catalogue
from storage.domain.camera.motion import Motion
from tests.support.models import generate

SIDE = 128


@pytest.fixture(scope="module")
def coffee() -> Canvas:
    """Return a photograph that no training has seen."""
    picture = np.asarray(cast(Any, skimage.data).coffee(), np.uint8)
    window = centre_window(picture.shape[1], picture.shape[0], 1.0)
    return Canvas(picture, window, (SIDE, SIDE))


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [("zoom in", Motion.ZOOM_IN), ("镜头向左平移", Motion.PAN_LEFT)],
)
def test_a_photograph_moves_as_the_prompt_says(
    embedded_engine: I2VGenXL, coffee: Canvas, prompt: str, asked: Motion
) -> None:
    size = {"width": SIDE, "height": SIDE, "frames": 8}
    result = generate(embedded_engine, coffee, prompt=prompt, steps=4, guidance=1.0, **size)
    assert result.motion is asked
    assert quality.psnr(result.array[0], coffee.fitted) >= 20.0
    assert motion.dominant(motion.measure(motion.track(result.array))) is asked


def test_a_smaller_clip_keeps_to_the_multiple_of_the_models_row(
    embedded_engine: I2VGenXL,
) -> None:
    assert embedded_engine.pipeline.side_multiple == load_catalogue().model("embedded").multiple


def test_the_weights_fit_into_the_repository() -> None:
    files = [path for path in EMBEDDED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 30 * 2**20


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("the camera ventures to the left hand side", Motion.PAN_LEFT),
        ("make him dance", Motion.DRIFT),
        ("ズームイン", Motion.DRIFT),
    ],
)
def test_a_motion_is_guessed_only_where_the_camera_is_spoken_of(
    embedded_engine: I2VGenXL, coffee: Canvas, prompt: str, expected: Motion
) -> None:
    canvas = replace(coffee, size=(64, 64))
    result = generate(embedded_engine, canvas, prompt=prompt, frames=8, steps=2, guidance=1.0)
    assert result.motion is expected

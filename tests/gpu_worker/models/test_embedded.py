"""The checkpoint that the project trained opens with the picture and moves as it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import skimage.data

from gpu_worker.media import motion, quality
from gpu_worker.media.picture import Canvas, centre_window
from gpu_worker.models.i2vgen_xl.checkpoint import locate
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.domain.camera.motion import Motion

from .conftest import Order, engine_of

SIDE = 128


@pytest.fixture(scope="module")
def embedded() -> I2VGenXL:
    """Load the checkpoint that the repository carries."""
    return engine_of(locate.EMBEDDED)


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
def test_a_photograph_moves_as_the_words_say(
    embedded: I2VGenXL, coffee: Canvas, order: Order, prompt: str, asked: Motion
) -> None:
    small = order(prompt=prompt, width=SIDE, height=SIDE, frames=8, steps=4, guidance=1.0)
    result = embedded.generate(small, coffee, lambda _progress, _preview: None, lambda: False)
    assert result.motion is asked
    assert quality.psnr(result.frames[0], coffee.fitted) >= 20.0
    assert motion.dominant(motion.measure(result.frames)) is asked


def test_the_weights_fit_into_the_repository() -> None:
    files = [path for path in locate.EMBEDDED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 30 * 2**20


def test_words_that_no_rule_knows_find_their_nearest_motion(
    embedded: I2VGenXL, coffee: Canvas, order: Order
) -> None:
    asked = order(prompt="ease ever nearer", width=64, height=64, frames=8, steps=2, guidance=1.0)
    canvas = replace(coffee, size=(64, 64))
    result = embedded.generate(asked, canvas, lambda _progress, _preview: None, lambda: False)
    assert result.motion is not Motion.AUTO

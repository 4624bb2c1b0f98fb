"""From an estimate's numbers to how far places move."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_worker.media.picture import Canvas
from gpu_worker.render.depth.inverse_depth import FARTHEST, NEAREST, DepthMap, relative_motion
from tests.gpu_worker.render.scenes import middle, whole

RAMP = np.linspace(0.2, 1.0, 64, dtype=np.float32)[None, :].repeat(64, 0)
CANVAS: Canvas = whole(np.zeros((64, 64, 3), np.uint8))


@pytest.mark.parametrize("scale", [0.01, 1.0, 300.0])
@pytest.mark.parametrize("shift", [-5.0, 0.0, 40.0])
def test_scale_and_shift_of_an_estimate_do_not_matter(scale: float, shift: float) -> None:
    plain = relative_motion(DepthMap(RAMP), CANVAS)
    other = relative_motion(DepthMap(scale * RAMP + shift), CANVAS)
    assert np.abs(plain - other).max() < 0.01
    assert plain.mean() == pytest.approx(1.0, abs=0.01)


def test_distances_keep_their_ratios() -> None:
    distances = (2.0 / RAMP).astype(np.float32)
    motion = relative_motion(DepthMap.of_distances(distances), CANVAS)
    assert motion[0, -1] / motion[0, 0] == pytest.approx(5.0, rel=0.01)
    assert motion.mean() == pytest.approx(1.0, abs=0.01)


def test_the_mean_is_that_of_the_opening_window() -> None:
    motion = relative_motion(
        DepthMap(RAMP, metric=True), middle(np.zeros((64, 64, 3), np.uint8), (32, 32))
    )
    assert motion[16:48, 16:48].mean() == pytest.approx(1.0, abs=0.02)


def test_a_single_thing_close_by_does_not_fly() -> None:
    values = np.full((64, 64), 0.1, np.float32)
    values[20:40, 20:40] = 50.0
    motion = relative_motion(DepthMap(values, metric=True), CANVAS)
    assert NEAREST >= motion.max() > motion.min() >= FARTHEST
    assert motion.mean() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("value", [0.0, 3.0, np.nan, np.inf])
def test_an_estimate_that_says_nothing_gives_a_flat_picture(value: float) -> None:
    motion = relative_motion(DepthMap(np.full((8, 8), value, np.float32)), CANVAS)
    assert np.array_equal(motion, np.ones((8, 8), np.float32))

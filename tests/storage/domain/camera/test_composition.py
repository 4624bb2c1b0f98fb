"""Poses one after the other see what a matrix product says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.domain.camera.composition import compose, relative_to
from storage.domain.camera.motion import Pose

ASPECT = 16 / 9
POSES = [
    Pose(),
    Pose(0.2, -0.1, 1.35, 0.0),
    Pose(-0.3, 0.05, 0.74, 14.0),
    Pose(0.1, 0.4, 2.0, -100.0),
]


def matrix(pose: Pose) -> NDArray[np.float64]:
    """Return the 3 x 3 matrix from what a pose sees to the picture, in window heights."""
    roll = np.radians(pose.roll)
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    whole = np.eye(3)
    whole[:2, :2] = turn / pose.zoom
    whole[:2, 2] = pose.dx * ASPECT, pose.dy
    return whole


@pytest.mark.parametrize("first", POSES)
@pytest.mark.parametrize("second", POSES)
def test_a_composition_is_the_product_of_matrices(first: Pose, second: Pose) -> None:
    both = compose(first, second, ASPECT)
    assert matrix(both) == pytest.approx(matrix(first) @ matrix(second))
    assert matrix(relative_to(first, both, ASPECT)) == pytest.approx(matrix(second))


def test_a_pose_is_at_rest_relative_to_itself() -> None:
    assert all(relative_to(pose, pose, ASPECT) == Pose() for pose in POSES)

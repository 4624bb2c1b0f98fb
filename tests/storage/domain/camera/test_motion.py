"""Which cameras are refused."""

from __future__ import annotations

import math

import pytest

from storage.domain.camera.motion import Camera, Keyframe, Pose
from storage.domain.errors import BadRequest


@pytest.mark.parametrize("strength", [-0.1, 1.1, math.nan])
def test_a_strength_outside_its_range_is_refused(strength: float) -> None:
    with pytest.raises(BadRequest):
        Camera(strength=strength)


@pytest.mark.parametrize("times", [(0.5, 0.2), (0.5, 0.5), (-0.1,), (1.2,), (math.nan,)])
def test_keyframes_out_of_order_are_refused(times: tuple[float, ...]) -> None:
    with pytest.raises(BadRequest):
        Camera(keyframes=tuple(Keyframe(time, Pose()) for time in times))


@pytest.mark.parametrize(
    "pose", [Pose(zoom=0.0), Pose(zoom=-1.0), Pose(zoom=math.nan), Pose(dx=math.inf), Pose(dy=11.0)]
)
def test_an_impossible_pose_is_refused(pose: Pose) -> None:
    with pytest.raises(BadRequest):
        Camera(keyframes=(Keyframe(1.0, pose),))


@pytest.mark.parametrize("pose", [Pose(dx=0.6), Pose(dy=-0.51, zoom=4.0)])
def test_a_start_that_looks_past_the_picture_is_refused(pose: Pose) -> None:
    with pytest.raises(BadRequest) as caught:
        Camera(keyframes=(Keyframe(0.0, pose), Keyframe(1.0, Pose())))
    assert caught.value.parameters["name"] == "path_start"
    assert Camera(keyframes=(Keyframe(0.1, pose),)).start == Pose()

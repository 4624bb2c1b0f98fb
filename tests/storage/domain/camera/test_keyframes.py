"""Sequences of motions become keyframes within bounds, and are recognized from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.domain.camera.keyframes import LONGEST, MOTIONS, keyframes, motions
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose, Reading, Speed
from storage.domain.camera.path import plan
from storage.domain.prompt.path_text import BOUNDS

READINGS = st.builds(Reading, st.sampled_from(sorted(MOTIONS)), st.sampled_from(Speed))
STEPS = st.lists(
    st.lists(READINGS, min_size=1, max_size=3, unique_by=lambda reading: reading.motion),
    min_size=1,
    max_size=LONGEST,
)


@given(STEPS)
def test_every_sequence_stays_within_the_bounds_of_a_path(steps: list[list[Reading]]) -> None:
    path = keyframes(steps)
    Camera(keyframes=path)
    assert path[-1].time == 1.0
    for keyframe in path:
        pose = keyframe.pose
        for name, value in (
            ("shift", pose.dx),
            ("shift", pose.dy),
            ("zoom", pose.zoom),
            ("roll", pose.roll),
        ):
            low, high = BOUNDS[name]
            assert low <= value <= high


@pytest.mark.parametrize("motion", sorted(MOTIONS))
@pytest.mark.parametrize("speed", Speed)
def test_each_motion_is_recognized_from_its_keyframes(motion: Motion, speed: Speed) -> None:
    rest = Motion.PAN_LEFT if motion is Motion.STATIC else Motion.STATIC
    steps = [[Reading(motion, speed)], [Reading(rest)]]
    assert motions(keyframes(steps)) == ((motion,), (rest,))


def test_the_camera_rests_where_a_motion_ends_before_the_next_begins() -> None:
    path = keyframes([[Reading(Motion.ZOOM_IN)], [Reading(Motion.PAN_RIGHT)]])
    poses = plan(Camera(keyframes=path), Reading(Motion.DRIFT), 0, 17)
    assert poses[0] == Pose()
    assert all(pose.dx == 0.0 for pose in poses[:9])
    assert {pose.zoom for pose in poses[8:]} == {poses[8].zoom}
    assert poses[16].dx > 0.1


def test_equal_neighbouring_motions_are_merged() -> None:
    path = (Keyframe(0.5, Pose(dx=0.1)), Keyframe(1.0, Pose(dx=0.2)))
    assert motions(path) == ((Motion.PAN_RIGHT,),)


def test_motions_are_told_from_where_a_path_begins() -> None:
    close = Keyframe(0.0, Pose(zoom=2.0))
    assert motions((close, Keyframe(1.0, Pose()))) == ((Motion.ZOOM_OUT,),)
    assert motions((close,)) == ((Motion.STATIC,),)

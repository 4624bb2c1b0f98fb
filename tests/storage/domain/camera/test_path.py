"""The poses of camera paths."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.domain.camera.motion import Camera, Easing, Keyframe, Motion, Pose, Reading, Speed
from storage.domain.camera.path import PAN, ROLL, TILT, ZOOM_IN, ZOOM_OUT, plan

MOTIONS = [motion for motion in Motion if motion is not Motion.AUTO]
NAMED = {
    Motion.ZOOM_IN: ("zoom", 1),
    Motion.ZOOM_OUT: ("zoom", -1),
    Motion.PAN_LEFT: ("dx", -1),
    Motion.PAN_RIGHT: ("dx", 1),
    Motion.TILT_UP: ("dy", -1),
    Motion.TILT_DOWN: ("dy", 1),
    Motion.ROLL_CLOCKWISE: ("roll", 1),
    Motion.ROLL_COUNTERCLOCKWISE: ("roll", -1),
}


def amounts(pose: Pose) -> dict[str, float]:
    """Return each part of a pose as a share of what is typical of it."""
    return {
        "dx": pose.dx / PAN,
        "dy": pose.dy / TILT,
        "zoom": math.log(pose.zoom) / max(ZOOM_IN, -ZOOM_OUT),
        "roll": pose.roll / ROLL,
    }


@given(
    st.sampled_from(MOTIONS),
    st.sampled_from(Speed),
    st.integers(0, 2**32 - 1),
    st.integers(2, 128),
)
def test_every_path_opens_with_the_picture_and_repeats(
    motion: Motion, speed: Speed, seed: int, frames: int
) -> None:
    path = plan(Camera(), Reading(motion, speed), seed, frames)
    assert len(path) == frames
    assert path[0] == Pose()
    assert path == plan(Camera(), Reading(motion, speed), seed, frames)


@given(st.sampled_from(list(NAMED)), st.sampled_from(Speed), st.integers(0, 2**32 - 1))
def test_no_seed_changes_the_sign_or_the_dominance_of_what_was_named(
    motion: Motion, speed: Speed, seed: int
) -> None:
    name, sign = NAMED[motion]
    parts = amounts(plan(Camera(), Reading(motion, speed), seed, 16)[-1])
    chosen = parts.pop(name) * sign
    assert chosen > 0.4
    assert all(abs(value) < chosen / 2 for value in parts.values())


@given(st.sampled_from(list(NAMED)), st.integers(0, 2**32 - 1))
def test_a_named_motion_never_turns_back(motion: Motion, seed: int) -> None:
    name, sign = NAMED[motion]
    path = [amounts(pose)[name] * sign for pose in plan(Camera(), Reading(motion), seed, 16)]
    assert all(later > earlier for earlier, later in pairwise(path))


@pytest.mark.parametrize("motion", NAMED)
def test_speed_changes_how_far_the_camera_goes(motion: Motion) -> None:
    name, sign = NAMED[motion]
    slow, normal, fast = (
        amounts(plan(Camera(), Reading(motion, speed), 5, 16)[-1])[name] * sign for speed in Speed
    )
    assert slow == pytest.approx(normal * 0.5, rel=1e-6)
    assert fast == pytest.approx(normal * 1.6, rel=1e-6)


@pytest.mark.parametrize("motion", [*NAMED, Motion.SHAKE, Motion.DRIFT])
def test_another_seed_gives_another_path(motion: Motion) -> None:
    ends = {plan(Camera(), Reading(motion), seed, 16) for seed in range(20)}
    assert len(ends) == 20


def test_shake_stays_small_and_has_no_direction() -> None:
    path = plan(Camera(), Reading(Motion.SHAKE), 3, 24)
    for values in ([pose.dx for pose in path], [pose.dy for pose in path]):
        assert sum(values) == pytest.approx(0.0, abs=1e-6)
        assert 0.015 < max(map(abs, values)) < 0.025
    assert max(abs(pose.roll) for pose in path) < 0.75
    assert all(pose.zoom == 1.0 for pose in path)


@pytest.mark.parametrize("motion", [motion for motion in Motion if motion is not Motion.AUTO])
def test_more_frames_a_second_show_the_same_path(motion: Motion) -> None:
    slow = plan(Camera(), Reading(motion), 3, 9, 8.0)
    smooth = plan(Camera(), Reading(motion), 3, 25, 24.0)
    for before, after in zip(slow, smooth[::3], strict=True):
        assert after.dx == pytest.approx(before.dx, abs=0.006)
        assert after.zoom == pytest.approx(before.zoom, abs=1e-6)
        assert after.roll == pytest.approx(before.roll, abs=0.2)


def test_hold_still_holds_still() -> None:
    assert set(plan(Camera(), Reading(Motion.STATIC), 3, 16)) == {Pose()}


def test_keyframes_win_over_the_reading_and_zoom_evenly() -> None:
    camera = Camera(
        keyframes=(
            Keyframe(0.5, Pose(zoom=2.0)),
            Keyframe(1.0, Pose(dx=0.4, zoom=1.0), Easing.EASE_IN),
        )
    )
    path = plan(camera, Reading(Motion.STATIC), 1, 9)
    assert [pose.zoom for pose in path[:5]] == pytest.approx([2 ** (i / 4) for i in range(5)])
    assert [pose.dx for pose in path[4:]] == pytest.approx([0.4 * (i / 4) ** 2 for i in range(5)])


@pytest.mark.parametrize("easing", Easing)
def test_every_easing_starts_and_ends_on_its_keyframes(easing: Easing) -> None:
    camera = Camera(keyframes=(Keyframe(0.0, Pose(dx=0.1)), Keyframe(0.75, Pose(dx=0.3), easing)))
    path = plan(camera, Reading(Motion.STATIC), 1, 9)
    assert (path[0].dx, path[6].dx, path[8].dx) == (0.1, 0.3, 0.3)
    assert all(later.dx >= earlier.dx for earlier, later in pairwise(path))


def test_the_path_is_the_same_on_every_machine() -> None:
    pose = plan(Camera(), Reading(Motion.ZOOM_IN), 42, 16)[-1]
    assert pose == Pose(dx=-0.029727112, dy=0.025396961, zoom=1.36705307)


@pytest.mark.parametrize("motion", [Motion.ZOOM_IN, Motion.PAN_LEFT, Motion.TILT_DOWN])
def test_a_path_that_continues_a_clip_sets_off_no_faster_than_it_goes_on(motion: Motion) -> None:
    name, sign = NAMED[motion]

    def first_step(seed: int, continues: bool) -> float:
        path = plan(Camera(), Reading(motion), seed, 60, continues=continues)
        way = [amounts(pose)[name] * sign for pose in path]
        return way[1] / (way[-1] / 59)

    assert max(first_step(seed, False) for seed in range(60)) > 1.8
    assert max(first_step(seed, True) for seed in range(60)) <= 1.0


def test_a_path_may_begin_elsewhere() -> None:
    start, end = Pose(0.2, 0.0, 2.0), Pose(0.0, 0.1, 1.0)
    camera = Camera(keyframes=(Keyframe(0.0, start), Keyframe(1.0, end)))
    poses = plan(camera, Reading(Motion.AUTO), 0, 9)
    assert (camera.start, poses[0], poses[-1]) == (start, start, end)
    assert poses[4] == Pose(0.1, 0.05, round(math.sqrt(2.0), 9))
    held = Camera(keyframes=(Keyframe(0.0, start),))
    assert plan(held, Reading(Motion.AUTO), 0, 3) == (start,) * 3

"""A clip with an end picture arrives at exactly that, without a jump on the way."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_worker.media import quality
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.encode import encode
from gpu_worker.media.frames import FrameSource, stacked
from gpu_worker.media.picture import Canvas
from gpu_worker.render.arrival import arrive, arriving
from gpu_worker.render.dissolve import mixed
from gpu_worker.render.moved_picture import move_picture
from storage.domain.camera.motion import Camera, Motion, Pose, Reading
from storage.domain.camera.path import plan
from tests.gpu_worker.render.scenes import photograph, whole

SIDE, FRAMES = 160, 48
MOTIONS = [Motion.ZOOM_IN, Motion.ZOOM_OUT, Motion.PAN_LEFT, Motion.ROLL_CLOCKWISE, Motion.STATIC]


@pytest.fixture(scope="module")
def pictures() -> tuple[Canvas, Canvas]:
    """Return two photographs."""
    return whole(photograph("coffee", SIDE)), whole(photograph("astronaut", SIDE))


def arrived(pictures: tuple[Canvas, Canvas], motion: Motion) -> FrameSource:
    """Return the clip of a motion from one picture to another."""
    start, end = pictures
    path = plan(Camera(), Reading(motion), 5, FRAMES, 24.0)
    return arrive(move_picture(start, path, 5), end, path, 5)


@pytest.mark.parametrize("motion", MOTIONS)
def test_it_begins_as_one_picture_and_ends_as_the_other(
    pictures: tuple[Canvas, Canvas], motion: Motion
) -> None:
    start, end = pictures
    frames = stacked(arrived(pictures, motion))
    assert np.array_equal(frames[0], start.fitted)
    assert np.array_equal(frames[-1], end.fitted)
    steps = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    assert steps.max() <= 2 * np.median(steps)


def test_the_last_decoded_frame_is_the_end_picture(pictures: tuple[Canvas, Canvas]) -> None:
    frames = arrived(pictures, Motion.ZOOM_IN)
    data = encode(frames, 24, 8 * 2**20, {}).data
    with open_clip(data) as clip:
        assert quality.psnr(clip[FRAMES - 1], pictures[1].fitted) >= 30.0
        assert quality.psnr(clip[0], pictures[0].fitted) >= 30.0


def test_both_pictures_move_along_the_path(pictures: tuple[Canvas, Canvas]) -> None:
    path = plan(Camera(), Reading(Motion.ZOOM_IN), 5, FRAMES, 24.0)
    back = arriving(path, pictures[1].aspect)
    assert back[-1] == Pose()
    assert back[0].zoom == pytest.approx(1 / path[-1].zoom)
    middle = arrived(pictures, Motion.ZOOM_IN)[FRAMES // 2]
    still = mixed(pictures[0].fitted, pictures[1].fitted, 0.5)
    first, last = (
        move_picture(one, [pose], 5)[0]
        for one, pose in zip(pictures, (path[24], back[24]), strict=True)
    )
    moved = mixed(first, last, 0.5)
    assert quality.psnr(middle, moved) > 25.0 > quality.psnr(middle, still)


def test_the_mixture_keeps_the_contrast_of_detail() -> None:
    random = np.random.default_rng(0)
    first, last = random.integers(60, 196, (2, 64, 64, 3), np.uint8)
    kept = mixed(first, last, 0.5).std() / first.std()
    assert kept == pytest.approx(1.0, abs=0.05)


def test_frames_are_the_same_one_by_one_and_counted_from_the_end(
    pictures: tuple[Canvas, Canvas],
) -> None:
    clip = arrived(pictures, Motion.PAN_LEFT)
    assert np.array_equal(clip[-1], clip[FRAMES - 1])
    assert np.array_equal(stacked(clip)[20], clip[20])
    with pytest.raises(IndexError):
        clip[FRAMES]

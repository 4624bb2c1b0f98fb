"""Joined clips have each frame once, and step over a joint as they step elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_worker.media.frames import Frame, Frames, stacked
from gpu_worker.media.joint import LEVEL_SECONDS, continue_from, join

FPS = 24


def moving(frames: int, start: float = 0.0, brightness: float = 0.0) -> Frames:
    """Return a textured picture that moves by half a pixel a frame, (frames, 48, 64, 3)."""
    noise = np.random.default_rng(1).uniform(0, 255, (96, 160, 3)).astype(np.uint8)
    scene = cv2.GaussianBlur(noise, (0, 0), 3.0).astype(np.float32)
    scene = (scene - scene.mean()) * 2.0 + 110.0 + brightness
    shown = []
    for number in range(frames):
        shift = np.array([[1, 0, -(start + number) / 2], [0, 1, 0]], np.float64)
        shown.append(cv2.warpAffine(scene, shift, (160, 96))[:48, 20:84])
    return np.asarray(np.clip(np.rint(np.stack(shown)), 0, 255), np.uint8)


def steps(frames: Frames) -> NDArray[np.float64]:
    """Return the mean difference of each frame from the one before."""
    found = np.abs(np.diff(frames.astype(float), axis=0)).mean(axis=(1, 2, 3))
    return np.asarray(found, np.float64)


def test_a_clip_that_opens_exactly_goes_on_as_it_is() -> None:
    first, second = moving(10), moving(12, start=9)
    joined = join([first, second], FPS)
    assert len(joined) == 21
    assert np.array_equal(stacked(joined), np.concatenate([first, second[1:]]))


def test_a_joined_clip_can_be_read_at_any_frame() -> None:
    joined = join([moving(5), moving(6, start=4), moving(3, start=9)], FPS)
    frames = stacked(joined)
    assert len(frames) == len(joined) == 12
    assert all(np.array_equal(joined[number], frames[number]) for number in range(12))
    assert np.array_equal(joined[-1], frames[-1])
    with pytest.raises(IndexError):
        joined[12]


@pytest.mark.parametrize("brightness", [-15.0, 15.0])
def test_a_jump_in_brightness_becomes_a_slow_change(brightness: float) -> None:
    first, second = moving(24), moving(48, start=23, brightness=brightness)
    plain = np.concatenate([first, second[1:]])
    joined = stacked(join([first, second], FPS))
    assert steps(plain)[23] > 3 * np.median(steps(plain)), "there is nothing to mend"
    assert steps(joined)[20:].max() < 1.5 * np.median(steps(joined))
    means = joined.mean(axis=(1, 2, 3))
    assert np.abs(np.diff(means)).max() < 1.2
    faded = round(LEVEL_SECONDS * FPS)
    assert np.array_equal(joined[23 + faded :], second[faded:])


def test_detail_that_a_model_has_not_met_fades_and_is_not_dragged_along() -> None:
    first, second = moving(24), moving(48, start=23)
    grain = np.random.default_rng(2).normal(0, 12, second.shape[1:])
    grainy = np.clip(second + grain, 0, 255).astype(np.uint8)
    joined = stacked(join([first, grainy], FPS))
    assert steps(joined)[23] < 1.5 * np.median(steps(joined)[:20])
    assert np.array_equal(joined[-20:], grainy[-20:])


def test_no_source_is_read_before_its_frames_are() -> None:
    class CountedFrames:
        read = 0

        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Frame:
            self.read += 1
            return np.asarray(moving(4)[index], np.uint8)

        def __iter__(self) -> Iterator[Frame]:
            return (self[number] for number in range(4))

    counted = CountedFrames()
    following = continue_from(moving(4)[0], counted, FPS)
    assert counted.read == 1
    assert (len(following), len(list(following)), counted.read) == (3, 3, 5)

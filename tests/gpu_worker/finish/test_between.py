"""Frames between others are nearer to those that a film at twice the rate has than a blend is."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_worker.finish.between import FramePair, FramesBetween
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.encode import encode
from gpu_worker.media.frames import Frames
from gpu_worker.media.quality import psnr
from tests.gpu_worker.finish.films import SIZE, camera, passing, photograph
from tests.gpu_worker.media.test_encode import PLENTY

FILMS = {
    "pan": lambda: camera(photograph("astronaut.png"), 13, right=0.15),
    "zoom": lambda: camera(photograph("chelsea.png"), 13, zoom=1.5),
    "roll": lambda: camera(photograph("coffee.png"), 13, roll=15.0),
    "passing": lambda: passing(photograph("coffee.png"), photograph("chelsea.png"), 13),
}


def stored(frames: Frames) -> Frames:
    """Return frames as a clip's file keeps them."""
    with open_clip(encode(frames, 8, PLENTY, {}).data) as clip:
        return np.stack(list(clip))


@pytest.mark.parametrize("name", FILMS)
def test_each_frame_between_is_nearer_to_the_true_one_than_a_blend(name: str) -> None:
    film = FILMS[name]()
    seen = stored(film[::2])
    made = list(FramesBetween(seen, [step / 2 for step in range(len(film))]))
    for place in range(1, len(film), 2):
        pair = seen[place // 2].astype(float), seen[place // 2 + 1].astype(float)
        blend = np.rint((pair[0] + pair[1]) / 2).astype(np.uint8)
        assert psnr(made[place], film[place]) > psnr(blend, film[place]) + 4
    for place in range(0, len(film), 2):
        assert np.array_equal(made[place], seen[place // 2])


def test_what_only_one_frame_sees_is_taken_from_that_one() -> None:
    film = passing(photograph("coffee.png"), photograph("chelsea.png"), 17, right=0.0)
    for place in (4, 8, 12):
        middle = FramePair.of(film[place - 1], film[place + 1]).at(0.5)
        blend = np.rint((film[place - 1].astype(float) + film[place + 1]) / 2)
        wrong, blended_wrong = (
            float((np.abs(frame - film[place].astype(float)).max(axis=2) > 40).mean())
            for frame in (middle, blend)
        )
        assert blended_wrong > 0.02
        assert wrong < 0.25 * blended_wrong


def test_times_may_be_anywhere_and_after_the_last_frame_comes_the_first() -> None:
    film = camera(photograph("astronaut.png"), 5, right=0.05)
    times = [0.0, 0.25, 0.75, 2.0, 3.5, 4.0, 4.5, 5.0]
    frames = FramesBetween(film, times)
    made = list(frames)
    assert [frame.shape for frame in made] == [(SIZE[1], SIZE[0], 3)] * len(times)
    assert np.array_equal(made[5], film[4])
    assert np.array_equal(made[7], film[0])
    for place in range(len(times)):
        assert np.array_equal(frames[place], made[place])


def test_over_a_cut_frames_dissolve() -> None:
    before, after = photograph("astronaut.png")[:128, :160], photograph("coffee.png")[:128, :160]
    middle = FramePair.of(before, after).at(0.5)
    assert psnr(middle, np.rint((before.astype(float) + after) / 2).astype(np.uint8)) > 25

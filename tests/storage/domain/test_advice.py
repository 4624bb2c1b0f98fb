"""Tests of the advice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.domain.advice import Advice, advise, advise_after
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose
from storage.domain.catalogue import Span
from storage.domain.picture import PictureFacts

WIDE = Span(7.0, 12.0)
GOOD = PictureFacts("jpeg", 1200, 900, animated=False, brightness=0.5, contrast=0.2, subject=0.4)


def keys(prompt: str, camera: Camera, picture: PictureFacts) -> list[str]:
    return [hint.key for hint in advise(prompt, camera, picture)]


def test_a_good_order_gets_no_advice() -> None:
    assert advise("zoom in slowly", Camera(), GOOD) == ()


def test_a_prompt_without_motion_gets_the_template() -> None:
    assert keys("a cat", Camera(), GOOD) == ["advice_no_motion"]


@pytest.mark.parametrize(
    "camera",
    [
        Camera(motion=Motion.PAN_LEFT),
        Camera(keyframes=(Keyframe(1.0, Pose(dx=0.1)),)),
        Camera(strength=0.0),
    ],
)
def test_who_chose_the_motion_otherwise_needs_no_words(camera: Camera) -> None:
    assert advise("a cat", camera, GOOD) == ()


@pytest.mark.parametrize(
    ("picture", "key"),
    [
        (replace(GOOD, width=200), "advice_picture_small"),
        (replace(GOOD, brightness=0.05), "advice_picture_dark"),
        (replace(GOOD, brightness=0.95), "advice_picture_bright"),
        (replace(GOOD, contrast=0.01), "advice_picture_flat"),
        (replace(GOOD, subject=0.03), "advice_subject_small"),
    ],
)
def test_a_difficult_picture_is_named(picture: PictureFacts, key: str) -> None:
    assert keys("zoom in", Camera(), picture) == [key]


def test_a_shaky_clip_suggests_more_guidance() -> None:
    hint = Advice("advice_shaky_clip", (("low", "10"), ("high", "12")))
    assert advise_after(Motion.PAN_LEFT, {"shake": 0.02}, 9.0, WIDE) == (hint,)


@pytest.mark.parametrize(
    ("motion", "shake", "guidance"),
    [(Motion.SHAKE, 0.02, 9.0), (Motion.PAN_LEFT, 0.001, 9.0), (Motion.PAN_LEFT, 0.02, 11.0)],
)
def test_no_more_guidance_where_it_would_not_help(
    motion: Motion, shake: float, guidance: float
) -> None:
    assert advise_after(motion, {"shake": shake}, guidance, WIDE) == ()


def test_no_guidance_is_suggested_that_the_model_does_not_bear() -> None:
    assert advise_after(Motion.PAN_LEFT, {"shake": 0.02}, 1.0, Span(1.0, 3.0)) == ()

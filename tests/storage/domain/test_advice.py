"""Which hints an order and a clip get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.domain.advice import Advice, advice_on_clip, advice_on_picture, advice_on_prompt
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose
from storage.domain.models.ranges import Span
from storage.domain.picture import PictureFacts
from storage.domain.prompt.reading import with_reading
from tests.support.catalogue.admission import CATALOGUE
from tests.support.examples import REQUEST

OWN, FULL = CATALOGUE.models["embedded"], CATALOGUE.models["i2vgen-xl"]
WIDE = Span(7.0, 12.0)
GOOD = PictureFacts("jpeg", 1200, 900, animated=False, brightness=0.5, contrast=0.2, subject=0.4)


def advice_for(prompt: str, camera: Camera, picture: PictureFacts) -> tuple[Advice, ...]:
    request = with_reading(replace(REQUEST, prompt=prompt, camera=camera, reading=None))
    return (*advice_on_prompt(request, OWN), *advice_on_picture(request, picture))


def keys(prompt: str, camera: Camera, picture: PictureFacts) -> list[str]:
    return [hint.key for hint in advice_for(prompt, camera, picture)]


def test_a_good_order_gets_no_advice() -> None:
    assert advice_for("zoom in slowly", Camera(), GOOD) == ()


@pytest.mark.parametrize(
    ("prompt", "key"),
    [
        ("a cat", "advice_no_camera_motion"),
        ("a cat jumps", "advice_camera_alone"),
        ("a cat jumps, zoom in", "advice_camera_alone"),
        ("一只猫跳起来，镜头推近", "advice_camera_alone"),
        ("the camera meanders", "advice_motion_guessed"),
        ("la mujer sonríe", "advice_other_language"),
        ("カメラがゆっくり近づく", "advice_other_language"),
    ],
)
def test_a_prompt_that_lacks_a_motion_or_asks_too_much_gets_one_hint(prompt: str, key: str) -> None:
    assert keys(prompt, Camera(), GOOD) == [key]


def test_a_model_that_moves_subjects_is_not_said_to_move_the_camera_alone() -> None:
    request = replace(REQUEST, prompt="a cat jumps, zoom in")
    assert advice_on_prompt(request, FULL) == ()
    unnamed = replace(REQUEST, prompt="a cat jumps", reading=None)
    assert advice_on_prompt(unnamed, FULL) == (Advice("advice_no_motion"),)


@pytest.mark.parametrize(
    "camera",
    [
        Camera(motion=Motion.PAN_LEFT),
        Camera(keyframes=(Keyframe(1.0, Pose(dx=0.1)),)),
        Camera(strength=0.0),
    ],
)
def test_an_explicit_motion_needs_no_hint(camera: Camera) -> None:
    assert advice_for("a cat", camera, GOOD) == ()


@pytest.mark.parametrize(
    ("picture", "key"),
    [
        (replace(GOOD, width=200, height=150), "advice_picture_small"),
        (replace(GOOD, animated=True), "advice_picture_animated"),
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
    assert advice_on_clip(Motion.PAN_LEFT, {"shake": 0.02}, 9.0, WIDE) == (hint,)


@pytest.mark.parametrize(
    ("motion", "shake", "guidance"),
    [(Motion.SHAKE, 0.02, 9.0), (Motion.PAN_LEFT, 0.001, 9.0), (Motion.PAN_LEFT, 0.02, 11.0)],
)
def test_no_more_guidance_where_it_would_not_help(
    motion: Motion, shake: float, guidance: float
) -> None:
    assert advice_on_clip(motion, {"shake": shake}, guidance, WIDE) == ()


def test_no_guidance_outside_the_models_range_is_suggested() -> None:
    assert advice_on_clip(Motion.PAN_LEFT, {"shake": 0.02}, 1.0, Span(1.0, 3.0)) == ()


@pytest.mark.parametrize(
    ("width", "height", "share"),
    [(2000, 400, 73), (400, 2000, 85), (1200, 900, None), (900, 1200, 44), (1800, 1000, None)],
)
def test_a_picture_that_is_mostly_cut_away_is_named(
    width: int, height: int, share: int | None
) -> None:
    request = replace(REQUEST, width=320, height=240)
    hints = advice_on_picture(with_reading(request), replace(GOOD, width=width, height=height))
    cropped = [hint for hint in hints if hint.key == "advice_picture_cropped"]
    expected = [Advice("advice_picture_cropped", (("share", str(share)),))] if share else []
    assert cropped == expected

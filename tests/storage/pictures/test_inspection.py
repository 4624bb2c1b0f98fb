"""The facts about an upload."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw

from storage.domain.errors import BadPicture
from storage.pictures.inspection import inspect
from tests.support.pictures.files import (
    gradient,
    saved,
)


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 31)])
def test_a_tiny_picture_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(BadPicture) as caught:
        inspect(saved(Image.new("RGB", size), "PNG"))
    assert caught.value.key == "picture_too_small"
    assert caught.value.parameters == {"width": size[0], "height": size[1], "limit": 32}


def test_facts_give_format_size_and_brightness() -> None:
    dark = inspect(saved(Image.new("RGB", (640, 480), (10, 10, 10)), "JPEG"))
    assert (dark.format, dark.width, dark.height, dark.animated) == ("jpeg", 640, 480, False)
    assert dark.brightness == pytest.approx(10 / 255, abs=0.01)
    assert dark.contrast < 0.01
    assert inspect(saved(gradient(), "PNG")).contrast > 0.05


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_facts_give_the_size_as_it_is_shown(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    facts = inspect(saved(gradient(901, 600), form, exif=exif))
    assert (facts.width, facts.height) == ((600, 901) if orientation > 4 else (901, 600))


def subject_of(box: tuple[int, int, int, int]) -> float:
    """Return the subject's share for a striped box on a plain background."""
    image = Image.new("RGB", (500, 400), (120, 170, 220))
    draw = ImageDraw.Draw(image)
    for x in range(box[0], box[2], 8):
        draw.rectangle((x, box[1], x + 3, box[3]), fill=(20, 20, 20))
    return inspect(saved(image, "PNG")).subject


def test_a_small_thing_on_a_plain_background_is_small() -> None:
    assert subject_of((230, 180, 290, 240)) < 0.06


def test_a_thing_that_fills_the_picture_is_large() -> None:
    assert subject_of((10, 10, 490, 390)) > 0.5


def test_a_picture_without_detail_has_no_small_subject() -> None:
    assert subject_of((0, 0, 0, 0)) == 1.0


def test_a_phone_picture_with_a_second_one_inside_is_a_still() -> None:
    target = io.BytesIO()
    gradient().save(target, "MPO", save_all=True, append_images=[gradient(48, 32)])
    assert (inspect(target.getvalue()).width, inspect(target.getvalue()).animated) == (96, False)

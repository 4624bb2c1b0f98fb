"""Tests of how large the subject of a picture is taken to be."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from storage.pictures import inspect


def facts_of(box: tuple[int, int, int, int]) -> float:
    """Return the subject's share for a striped box on a plain ground."""
    image = Image.new("RGB", (500, 400), (120, 170, 220))
    draw = ImageDraw.Draw(image)
    for x in range(box[0], box[2], 8):
        draw.rectangle((x, box[1], x + 3, box[3]), fill=(20, 20, 20))
    target = io.BytesIO()
    image.save(target, "PNG")
    return inspect(target.getvalue()).subject


def test_a_small_thing_on_a_plain_ground_is_small() -> None:
    assert facts_of((230, 180, 290, 240)) < 0.06


def test_a_thing_that_fills_the_picture_is_large() -> None:
    assert facts_of((10, 10, 490, 390)) > 0.5


def test_a_picture_without_detail_has_no_small_subject() -> None:
    assert facts_of((0, 0, 0, 0)) == 1.0

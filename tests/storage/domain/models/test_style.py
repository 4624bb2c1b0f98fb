"""A style is typed as its name and a number, and is part of what makes a clip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.domain.errors import BadRequest
from storage.domain.models.style import Style, style_in, style_name
from tests.support.examples import REQUEST

FILE, OTHER = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", None),
        ("watercolour", Style("watercolour")),
        ("Ink.Wash-2  0.70", Style("ink.wash-2", 0.7)),
        ("水彩 2", Style("水彩", 2.0)),
        ("水彩 0", Style("水彩", 0.0)),
    ],
)
def test_a_text_is_a_name_and_a_scale(text: str, style: Style | None) -> None:
    assert style_in(text) == style
    if style is not None:
        assert style_in(style.text) == style


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("watercolour much", "request_style_scale"),
        ("watercolour nan", "request_out_of_range"),
        ("watercolour 2.1", "request_out_of_range"),
        ("watercolour -1", "request_out_of_range"),
        ("../../etc/passwd", "request_style_name"),
        ("x" * 41, "request_style_name"),
    ],
)
def test_anything_else_is_refused(text: str, key: str) -> None:
    with pytest.raises(BadRequest) as caught:
        style_in(text)
    assert caught.value.key == key


def test_a_files_name_gives_the_styles() -> None:
    assert style_name("Ink Wash (v2).safetensors") == "ink_wash_v2"
    assert style_name("水彩.safetensors") == "水彩"
    assert style_name("...safetensors") == ""


def test_style_scale_and_file_tell_clips_apart() -> None:
    styles = (None, Style("a", 1.0, FILE), Style("a", 0.5, FILE), Style("a", 1.0, OTHER))
    prints = {replace(REQUEST, style=style).fingerprint for style in styles}
    assert len(prints) == 4
    assert REQUEST.fingerprint in prints

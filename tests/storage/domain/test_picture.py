"""Requests whose picture is made from the prompt first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.codec import decode, encode
from storage.domain.errors import BadRequest
from storage.domain.picture import TextToImage
from storage.domain.request import GenerationRequest
from tests.support.examples import REQUEST

MADE = TextToImage("some/model", 30, 7.0)
IMAGINED = replace(REQUEST, picture="", text_to_image=MADE)


def test_the_picture_that_came_of_it_does_not_change_the_fingerprint() -> None:
    assert replace(IMAGINED, picture="d" * 64).fingerprint == IMAGINED.fingerprint


def test_everything_that_decides_the_picture_does() -> None:
    others = [
        replace(REQUEST, picture=""),
        replace(IMAGINED, seed=8),
        replace(IMAGINED, prompt="zoom out"),
        replace(IMAGINED, width=256),
        *(
            replace(IMAGINED, text_to_image=made)
            for made in (
                replace(MADE, model="b"),
                replace(MADE, steps=29),
                replace(MADE, guidance=6),
            )
        ),
    ]
    assert len({IMAGINED.fingerprint, *(one.fingerprint for one in others)}) == len(others) + 1


def test_equal_values_are_written_alike() -> None:
    same = replace(IMAGINED, text_to_image=TextToImage("some/model", 30, 7))
    assert same.fingerprint == IMAGINED.fingerprint


def test_it_is_written_only_where_there_is_one() -> None:
    assert {"text_to_image", "picture_model"}.isdisjoint(encode(REQUEST))
    assert replace(REQUEST, picture_model="some/model").fingerprint == REQUEST.fingerprint
    assert decode(GenerationRequest, encode(IMAGINED)) == IMAGINED


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("steps", replace(MADE, steps=0)),
        ("steps", replace(MADE, steps=501)),
        ("guidance", replace(MADE, guidance=-1.0)),
        ("guidance", replace(MADE, guidance=50.5)),
    ],
)
def test_what_no_model_could_make_is_refused(name: str, made: TextToImage) -> None:
    with pytest.raises(BadRequest) as refused:
        replace(IMAGINED, text_to_image=made)
    assert (refused.value.key, refused.value.parameters["name"]) == ("request_out_of_range", name)

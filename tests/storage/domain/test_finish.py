"""What a finish may ask for, and what a request with one is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.codec import decode, encode
from storage.domain.clip import Container
from storage.domain.errors import BadRequest
from storage.domain.finish import Finish
from storage.domain.quota import price
from storage.domain.request import GenerationRequest
from tests.support.examples import CLIP, REQUEST

CHANGED = replace(REQUEST, source=CLIP.blob, finish=Finish(upscale=2, fps=24))


@pytest.mark.parametrize("odd", [{"upscale": 3}, {"upscale": 0}, {"fps": 61}, {"fps": -1}])
def test_what_cannot_be_done_is_refused(odd: dict[str, int]) -> None:
    with pytest.raises(BadRequest):
        Finish(**odd)  # type: ignore[arg-type]  # by name


def test_frames_may_not_become_too_large() -> None:
    assert Finish(upscale=4).size(512, 512) == (2048, 2048)
    with pytest.raises(BadRequest) as caught:
        replace(REQUEST, width=1024, height=1024, finish=Finish(upscale=4))
    assert caught.value.parameters == {"factor": 4, "side": 2048}


def test_only_a_source_with_a_finish_spares_the_model() -> None:
    assert REQUEST.generates
    assert replace(REQUEST, finish=Finish(loop=True)).generates
    assert replace(REQUEST, source=CLIP.blob).generates
    assert not CHANGED.generates


def test_a_source_may_have_more_frames_than_a_model_makes() -> None:
    assert replace(CHANGED, frames=1000).frames == 1000
    with pytest.raises(BadRequest):
        replace(REQUEST, frames=1000)


def test_a_finish_travels_and_is_left_out_where_there_is_none() -> None:
    assert decode(GenerationRequest, encode(CHANGED)) == CHANGED
    assert not {"source", "finish"} & encode(REQUEST).keys()


def test_each_part_of_a_finish_asks_for_another_clip() -> None:
    requests = [
        REQUEST,
        replace(REQUEST, source=CLIP.blob),
        replace(CHANGED, finish=Finish()),
        replace(CHANGED, finish=Finish(), container=Container.GIF),
        *(
            replace(CHANGED, finish=finish)
            for finish in (Finish(2), Finish(4), Finish(fps=24), Finish(loop=True))
        ),
        replace(CHANGED, finish=Finish(reverse=True)),
        replace(CHANGED, finish=Finish(reverse=True), source="d" * 64),
    ]
    assert len({request.fingerprint for request in requests}) == len(requests)


def test_a_changed_clip_costs_its_pixels_and_no_work_of_the_model() -> None:
    large = replace(CHANGED, width=512, height=512)
    assert price(replace(large, steps=400)) == price(large)
    assert price(CHANGED) < price(large) < price(replace(large, frames=64))
    plain = replace(large, source="", finish=None)
    assert price(replace(plain, finish=Finish(upscale=4))) > price(plain)


def test_frames_are_counted_as_they_are_added() -> None:
    assert Finish(fps=24).smoothed(16, 8) == 46
    assert Finish(fps=16).smoothed(16, 8) == 31
    assert Finish(fps=24).smoothed(16, 24) == 16
    assert Finish().smoothed(16, 8) == 16

"""What becomes of an imagined clip of a model that reads no prompt: its words made the picture."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.chains.extension import extension_of, extension_options, tweaked
from bot.studio.options import Options
from bot.studio.orders.admission import Admission
from storage.domain.job import Job, Status
from storage.domain.picture import TextToImage
from storage.domain.request import GenerationRequest
from tests.support.catalogue.model_rows import SILENT, with_rows
from tests.support.examples import CLIP, job

CATALOGUE = with_rows(SILENT)
ADMISSION = Admission(
    CATALOGUE, CATALOGUE.profiles["a100"], text_to_image=TextToImage("some/model", 30, 7.0)
)
FAILED = ADMISSION.imagine(Options("a kite", model="silent"), (1, 1), seed=1)


def made() -> Job:
    request = replace(FAILED, picture="1" * 64)
    clip = replace(CLIP, frames=request.frames, fps=request.fps, candidates=())
    return replace(job("imagined"), request=request, clip=clip, status=Status.DONE)


def test_it_is_extended_as_it_was_made() -> None:
    options = extension_options(ADMISSION, made())
    request = extension_of(ADMISSION, made(), options, seed=2)
    assert (request.picture, request.source, request.prompt) == ("1" * 64, CLIP.blob, "")


def test_its_picture_moves_again_as_it_was_made() -> None:
    old = made().request
    request = tweaked(ADMISSION, old, ADMISSION.options_of(old), seed=2)
    assert (request.picture, request.prompt) == ("1" * 64, "")


@pytest.mark.parametrize(("asked", "prompt"), [({}, "a kite"), ({"prompt": "a boat"}, "a boat")])
def test_a_failed_one_is_tweaked_with_its_words_where_no_others_are_given(
    asked: dict[str, str], prompt: str
) -> None:
    options = ADMISSION.options_of(FAILED).replace(**asked, steps=20)
    request: GenerationRequest = tweaked(ADMISSION, FAILED, options, seed=2)
    assert (request.picture, request.prompt, request.steps) == ("", prompt, 20)

"""The options upscale, smooth and playback become one finish, and come back from it."""

from __future__ import annotations

import pytest

from bot.studio.clips.finish_options import Playback, Upscale
from bot.studio.options import Options
from storage.domain.errors import BadRequest
from storage.domain.finish import Finish
from tests.support.catalogue.admission import ADMISSION, admit


@pytest.mark.parametrize(
    ("options", "finish"),
    [
        ({}, None),
        ({"upscale": "2"}, Finish(upscale=2)),
        ({"upscale": Upscale.FOUR_TIMES, "playback": Playback.LOOP}, Finish(4, loop=True)),
        ({"smooth": 48, "playback": "reverse"}, Finish(fps=48, reverse=True)),
        ({"smooth": 24, "fps": 8, "playback": "reverse_loop"}, Finish(1, 24, True, True)),
    ],
)
def test_options_become_a_finish_and_back(
    options: dict[str, str | int], finish: Finish | None
) -> None:
    request = admit(Options("waves", seed=3, **options))
    assert request.finish == finish
    again = ADMISSION.options_of(request)
    assert {name: again[name] for name in options} == options
    assert admit(again) == request


def test_frames_between_must_be_more_than_there_are() -> None:
    with pytest.raises(BadRequest, match="request_smooth_slow"):
        admit(Options("waves", smooth=24, fps=24))

"""Parameters are written as lines that a form reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.discord_ui.commands.animate import MOST_TEXT
from bot.studio.clips.finish_options import Playback
from bot.studio.option_table import OPTIONS
from bot.studio.options import Chooser, Options
from bot.studio.parameter_lines import (
    read_form_lines,
    read_parameters,
    write_details,
    write_form_lines,
)
from storage.domain.camera.motion import Motion, Reading
from storage.domain.clip import Candidate
from storage.domain.errors import BadRequest
from storage.domain.prompt import path_text
from storage.domain.request import PROMPT_LIMIT
from tests.support.catalogue.admission import ADMISSION, admit
from tests.support.examples import CLIP


def test_all_parameters_may_be_pasted_into_the_form() -> None:
    request = admit(Options("pan left", seed=5, negative_prompt="people"))
    found = read_form_lines(OPTIONS, write_details(OPTIONS, request))
    assert (found["seed"], found["steps"], found["guidance"]) == (5, request.steps, 1.0)


@pytest.mark.parametrize(
    "line",
    ["playback: loop, choose：judge；guidance=7", "Playback: loop choose: judge guidance: 7"],
)
def test_parameters_are_read_from_one_line(line: str) -> None:
    found = read_parameters(OPTIONS, line)
    assert found == {"playback": Playback.LOOP, "choose": Chooser.JUDGE, "guidance": 7.0}


def test_all_that_details_shows_may_be_pasted_as_one_line() -> None:
    options = Options(
        "a boat",
        path="zoom in and pan left; hold",
        seed=5,
        negative_prompt="rain, fog",
        resolution="640p",
    )
    text = write_details(OPTIONS, admit(options), CLIP).replace("\n", " ")
    again = Options("a boat", **read_parameters(OPTIONS, text))
    assert admit(again) == admit(options.replace(seed=CLIP.seed))


def test_a_size_that_no_clip_has_is_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        admit(Options("a boat", **read_parameters(OPTIONS, "size: 17x9")))
    assert caught.value.key == "request_resolution"


def test_the_longest_details_may_be_pasted() -> None:
    longest = replace(admit(Options("a boat")), negative_prompt="x" * PROMPT_LIMIT)
    other = "\n".join(f"{option.label or option.name}: 0.123456789" for option in OPTIONS)
    assert len(write_details(OPTIONS, longest)) + len(other) + path_text.LIMIT <= MOST_TEXT


@pytest.mark.parametrize("line", ["loop", "plaback: loop", "playback: never"])
def test_parameters_that_cannot_be_read_are_named(line: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_parameters(OPTIONS, line)
    assert caught.value.parameters["line"] == line


def test_a_path_may_be_pasted_into_the_form() -> None:
    options = Options("a boat", path="zoom in and pan left; hold", seed=5)
    request = admit(options)
    text = write_details(OPTIONS, request, CLIP)
    assert "path: 0.5 left 0.1556 zoom 1.2364 ease_in_out; 1 hold ease_in_out\n" in text
    assert admit(options.replace(path=read_form_lines(OPTIONS, text)["path"])) == request


def test_the_details_of_a_clip_are_those_that_were_made() -> None:
    request = admit(Options("waves", seed=5, candidates=3))
    assert "candidates: 3\n" in write_details(OPTIONS, request)
    text = write_details(OPTIONS, request, replace(CLIP, seed=9, motion=Motion.DRIFT))
    assert text.startswith("seed: 9\ncamera: drift\nspeed: normal\n")
    assert "candidates" not in text


def test_the_details_of_drafts_make_them_again() -> None:
    request = admit(Options("waves", seed=5, candidates=3))
    one = Candidate(6, Reading(Motion.ZOOM_IN), Motion.ZOOM_IN, 1.0)
    drafts = replace(CLIP, seed=6, motion=Motion.ZOOM_IN, candidates=(one,) * 3)
    lines = read_form_lines(OPTIONS, write_details(OPTIONS, request, drafts))
    assert (lines["seed"], lines["candidates"]) == (5, 3)
    assert "zoom" not in write_details(OPTIONS, request, drafts)


def test_the_lines_of_a_form_hold_the_options_that_have_no_input_of_their_own() -> None:
    lines = write_form_lines(OPTIONS, ADMISSION.defaults().replace(seed=3)).splitlines()
    assert lines == [
        *("seed: 3", "frames: 60", "fps: 24", "steps: 4", "guidance: 1", "speed: normal"),
        *("strength: 1", "path:", "preset: exact", "candidates: 1", "choose: me", "format: mp4"),
        *("upscale: 1", "smooth: 0", "playback: forwards", "style:", "private: no"),
    ]


def test_lines_are_read_in_any_spelling() -> None:
    text = "Seed = 3\n\n PRESET： Fast \npictures: 1, 2"
    assert read_form_lines(OPTIONS, text, ignored=["pictures"]) == {"seed": 3, "preset": "fast"}


@pytest.mark.parametrize(
    ("line", "key"),
    [("pictures: 1", "request_line_unknown"), ("steps: many", "request_line_value")],
)
def test_a_line_that_cannot_be_read_is_named(line: str, key: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_form_lines(OPTIONS, f"seed: 1\n{line}")
    assert (caught.value.key, caught.value.parameters["line"]) == (key, line)

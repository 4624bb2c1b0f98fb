"""How arguments are parsed."""

import argparse
from dataclasses import replace

import pytest

from bot.cli import arguments
from bot.cli.orders.order_plan import pair
from bot.i18n import Translations
from bot.studio.options import Options
from storage.domain.camera.motion import Motion
from tests.support.catalogue.admission import ADMISSION
from tests.support.catalogue.model_rows import SILENT, with_rows

TEXTS = Translations.load()


def read(words: list[str]) -> argparse.Namespace:
    return arguments.read(words, ADMISSION, TEXTS)


def test_prompts_are_split_at_commas_and_a_prompt_is_not() -> None:
    found = read(["animate", "a.png", "--prompts", "zoom in, pan left", "--prompt", "one, two"])
    assert found.prompts == ["zoom in", "pan left", "one, two"]


def test_an_extension_has_a_clip_and_perhaps_a_prompt() -> None:
    found = read(["extend", "a__1.mp4", "pan left", "--frames", "30"])
    assert (found.clip, found.prompt, found.frames) == ("a__1.mp4", "pan left", 30)
    same = arguments.options_of(read(["extend", "0123456789abcdef"]), None, ADMISSION, Options())
    assert dict(same) == {}


def test_a_choice_is_parsed_to_its_enum() -> None:
    assert read(["animate", "a.png", "--prompts", "x", "--camera", "tilt_up"]).camera is (
        Motion.TILT_UP
    )


def test_a_model_that_reads_no_prompt_needs_none(capsys: pytest.CaptureFixture[str]) -> None:
    admission = replace(ADMISSION, catalogue=with_rows(SILENT))
    words = ["animate", "a.png", "--model", "silent"]
    found = arguments.read(words, admission, TEXTS)
    assert found.prompts is None
    assert dict(arguments.options_of(found, None, admission, Options())) == {"model": "silent"}
    with pytest.raises(SystemExit):
        arguments.read(words[:2], admission, TEXTS)
    assert "needs --prompts" in capsys.readouterr().err


def test_the_format_is_the_files_suffix() -> None:
    found = read(["animate", "a.png", "--prompt", "x", "--format", "gif"])
    made = pair(found.pictures, found.prompts, suffix=found.format)
    assert [one.name for one in made] == ["a__1.gif"]


def test_a_path_is_kept_as_text() -> None:
    words = ["animate", "a.png", "--prompt", "x", "--path", "zoom in, then pan left"]
    assert read(words).path == "zoom in, then pan left"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["animate"],
        ["animate", "a.png"],
        ["animate", "a.png", "--prompts", " , "],
        ["animate", "a.png", "--prompts", "x", "--steps", "many"],
        ["animate", "a.png", "--prompts", "x", "--camera", "sideways"],
        ["story", "a.png"],
        ["story", "a.png", "b.png", "--prompts", "x,y"],
        ["extend"],
        ["extend", "a.mp4", "x", "--fps", "8"],
        ["dance"],
    ],
)
def test_wrong_usage_ends_with_status_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        read(words)
    assert ended.value.code == 2
    assert "usage: mutoscope" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["ban", "web:\udcff"],
        ["ban", "web:ada", "--reason", "\udcff"],
        ["export", "web:\udcff", "-o", "a.zip"],
        ["clips", "--search", "\ud800"],
        ["clip", "\udcff"],
        ["db", "copy", "sqlite:///\udcff", "sqlite:///b"],
        ["web", "--add-login", "\udcff"],
        ["report", "--locale", "\udcff"],
    ],
)
def test_a_byte_that_is_no_text_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read(words)
    assert "write it in UTF-8" in capsys.readouterr().err


def test_prompts_and_files_may_have_bytes_that_are_no_text() -> None:
    words = [
        "extend",
        "caf\udce9.mp4",
        "zoom \udcff",
        "-o",
        "\udcff",
        "--negative-prompt",
        "\udcff",
    ]
    assert read(words).clip == "caf\udce9.mp4"


def test_flags_that_are_left_out_give_no_options() -> None:
    found = read(["animate", "a.png", "--prompt", "x", "--negative-prompt", "people"])
    options = arguments.options_of(found, "x", ADMISSION, Options())
    assert dict(options) == {"prompt": "x", "negative_prompt": "people"}


def test_the_help_describes_every_flag_with_its_recommendation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        read(["animate", "--help"])
    text = capsys.readouterr().out
    assert "(recommended: 4–8)" in text
    assert "option_" not in text

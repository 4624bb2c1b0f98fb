"""The command line reads as its help says."""

import pytest

from bot.cli.arguments import read
from bot.cli.order_plan import pair
from storage.domain.camera.motion import Motion


def test_prompts_are_split_at_commas_and_prompt_is_kept_whole() -> None:
    arguments = read(["animate", "a.png", "--prompts", "zoom in, pan left", "--prompt", "one, two"])
    assert arguments.prompts == ["zoom in", "pan left", "one, two"]


def test_the_camera_is_named_as_in_the_catalogue() -> None:
    assert read(["animate", "a.png", "--prompts", "x", "--camera", "tilt_up"]).camera is (
        Motion.TILT_UP
    )


def test_the_format_is_the_clips_ending() -> None:
    arguments = read(["animate", "a.png", "--prompt", "x", "--format", "gif"])
    made = pair(arguments.pictures, arguments.prompts, suffix=arguments.container)
    assert [one.name for one in made] == ["a__1.gif"]


def test_a_path_is_taken_as_it_is_written() -> None:
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

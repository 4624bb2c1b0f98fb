"""Wrong input is reported in the terminal's language before anything is started."""

from pathlib import Path

import pytest
from PIL import Image

from bot.cli import main


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MUTOSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    path = tmp_path / "a.png"
    Image.radial_gradient("L").save(path)
    return str(path)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nowhere.png", "--prompts", "zoom in"], "nowhere.png cannot be read"),
        (["{picture}", "{picture}", "--prompts", "a,b,c"], "2 pictures and 3 prompts"),
        (["{picture}", "--prompts", "zoom in", "--steps", "999"], "“steps” must lie between"),
        ([__file__, "--prompts", "zoom in"], "not a picture"),
        (["{picture}", "--prompts", "zoom in", "--resolution", "9p"], "no such resolution"),
        (["{picture}", "--prompt", "x" * 5000], "has 5000 characters"),
    ],
)
def test_wrong_input_is_reported(
    words: list[str],
    reason: str,
    picture: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [word.format(picture=picture) for word in words]
    assert main(["animate", *given, "-o", str(tmp_path / "out")]) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "home").exists()


def test_a_chinese_terminal_gets_chinese_messages(
    picture: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["animate", picture, picture, "--prompts", "a,b,c"]) == 2
    assert "2 张图片" in capsys.readouterr().err


def test_wrong_settings_are_named(
    picture: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEL", "no-such-model")
    assert main(["animate", picture, "--prompts", "zoom in"]) == 2
    assert "MODEL=no-such-model" in capsys.readouterr().err


def test_a_database_that_cannot_be_opened_is_reported(
    picture: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{picture}/x.db")
    assert main(["report"]) == 1
    message = capsys.readouterr().err
    assert f"The database {picture}/x.db cannot be used: Not a directory" in message


@pytest.mark.parametrize("prompt", ["", " ", "\u200b\u200d", "\u3164", "\u2800"])
def test_an_invisible_prompt_is_empty(
    picture: str, prompt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["animate", picture, "--prompt", prompt]) == 2
    assert "say in the prompt" in capsys.readouterr().err


@pytest.mark.parametrize("prompts", ["zoom in", "a,b,c,d,e,f,g,h,i"])
def test_a_story_of_too_few_or_many_prompts_is_refused(
    picture: str, prompts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["story", picture, "--prompts", prompts]) == 2
    assert "2 to 8 prompts" in capsys.readouterr().err

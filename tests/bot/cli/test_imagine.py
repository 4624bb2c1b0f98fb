"""`mutoscope imagine`: read, planned, and refused where no picture can be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli import main
from bot.cli.invocation import Invocation
from bot.cli.orders.order_plan import plan_imagined
from bot.studio.options import Options, Shape
from storage.domain.errors import BadRequest

ENVIRON = {"LC_ALL": "C", "PICTURE_MODEL": "some/model"}


def invocation(*words: str, **environ: str) -> Invocation:
    return Invocation.read(["imagine", *words], ENVIRON | environ)


def test_the_words_name_the_file() -> None:
    words = ("A lighthouse at dusk: waves, slow zoom in", "--shape", "wide", "--seed", "3")
    [clip], faults = plan_imagined(invocation(*words, "--format", "gif"))
    assert faults == []
    assert clip.name == "A-lighthouse-at-dusk-waves-slow__1.gif"
    assert clip.shape is Shape.WIDE
    assert clip.options == Options(words[0], seed=3, format="gif")


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("黄昏的灯塔，镜头拉远", "黄昏的灯塔-镜头拉远__1.mp4"),
        ("../..//etc", "etc__1.mp4"),
        ("!", "clip__1.mp4"),
    ],
)
def test_any_words_give_a_file_name(prompt: str, name: str) -> None:
    [clip], _ = plan_imagined(invocation(prompt, PICTURE_LANGUAGES="en zh"))
    assert clip.name == name
    assert clip.shape is Shape.SQUARE


def test_words_that_the_picture_model_cannot_read_are_refused() -> None:
    with pytest.raises(BadRequest, match="request_english_only"):
        plan_imagined(invocation("黄昏的灯塔，镜头拉远"))


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str, **environ: str) -> int:
    given = {"MUTOSCOPE_HOME": str(folder / "home"), "LC_ALL": "C"} | environ
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return main(["imagine", *words, "-o", str(folder / "out")])


@pytest.mark.parametrize(
    ("locale", "said"), [("C", "sets PICTURE_MODEL to a"), ("zh_CN.UTF-8", "把 PICTURE_MODEL 设为")]
)
def test_without_a_model_one_line_says_what_to_set(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    locale: str,
    said: str,
) -> None:
    monkeypatch.delenv("PICTURE_MODEL", raising=False)
    assert run(tmp_path, monkeypatch, "a kite", LC_ALL=locale) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1
    assert not (tmp_path / "home").exists()


def test_an_empty_prompt_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, monkeypatch, " ", PICTURE_MODEL="some/model") == 2
    assert "say in the prompt" in capsys.readouterr().err


def test_the_help_lists_it_only_where_it_can_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = "make a picture from words"
    for environ, there in (({}, False), ({"PICTURE_MODEL": "some/model"}, True)):
        with pytest.raises(SystemExit):
            Invocation.read(["--help"], environ)
        assert (listed in capsys.readouterr().out) is there

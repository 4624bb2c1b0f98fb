"""Every message exists in every language, with the same gaps, wherever a key is raised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from bot.i18n import LOCALES, Words
from storage.domain.camera.motion import Motion, Speed
from storage.domain.errors import BadRequest
from storage.domain.job import Status
from storage.domain.progress import Stage
from storage.domain.request import Preset

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = re.compile(
    r"(picture|request|quota|denied|job|failed|unavailable|advice|adjusted|report|card|call|time|form|"
    r"button|reaction|command|option|menu|cli)_[a-z0-9_]+"
)


@pytest.fixture(scope="module")
def words() -> Words:
    return Words.load()


def gaps(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def raised_keys() -> Iterator[tuple[str, str]]:
    """Yield each string in the source that is a key handed to an error, a note or the words."""
    for room in ("storage", "bot", "gpu_worker"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    for key in _texts(node) if _says(node) else ():
                        if FAMILIES.fullmatch(key):
                            yield key, f"{path.relative_to(ROOT)}:{node.lineno}"


SAYING = {
    "BadPicture", "BadRequest", "QuotaExceeded", "NotAllowed", "JobGone", "GenerationFailed",
    "Unavailable", "Failure", "Adjustment", "Advice", "text", "_text", "said", "_say", "_field",
}  # fmt: skip


def _texts(call: ast.Call) -> list[str]:
    constants = [node.value for node in call.args[:2] if isinstance(node, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


def _says(call: ast.Call) -> bool:
    name = call.func
    return (name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")) in SAYING


def test_all_languages_have_the_same_messages(words: Words) -> None:
    english = words.locales["en"]
    for locale in LOCALES:
        assert set(words.locales[locale]) == set(english)


def test_all_languages_have_the_same_gaps(words: Words) -> None:
    for key, template in words.locales["en"].items():
        for locale in LOCALES:
            assert gaps(words.locales[locale][key]) == gaps(template), f"{locale}: {key}"


def test_every_key_in_the_source_has_words(words: Words) -> None:
    found = list(raised_keys())
    assert len(found) > 40
    assert [where for where in found if not words.has(where[0])] == []


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("motion", Motion),
        ("speed", Speed),
        ("preset", Preset),
        ("stage", Stage),
        ("status", Status),
    ],
)
def test_every_value_has_a_name(
    words: Words, family: str, values: type[Motion | Speed | Preset | Stage | Status]
) -> None:
    assert [value for value in values if not words.has(f"{family}_{value.value}")] == []


def test_an_error_is_told_in_the_persons_language(words: Words) -> None:
    error = BadRequest("request_out_of_range", name="steps", low=2.0, high=50.0)
    assert words.error("en-GB", error) == "“steps” must lie between 2 and 50."
    assert words.error("zh-CN", error) == "“步数”必须在 2 到 50 之间。"


def test_an_unknown_language_gets_the_default() -> None:
    assert Words.load("zh-CN").nearest("fr") == "zh-CN"
    assert Words.load().nearest("fr") == "en"
    assert Words.load().nearest("zh-TW") == "zh-CN"


def test_an_unknown_key_or_gap_never_fails(words: Words) -> None:
    assert words.text("en", "no_such_key") == "no_such_key"
    assert words.text("en", "time_seconds") == "{count} s"


def test_command_texts_keep_discords_limits(words: Words) -> None:
    for locale in LOCALES:
        for key, text in words.locales[locale].items():
            if key.startswith(("command_", "option_", "menu_")):
                assert len(text) <= (90 if key.endswith("_about") else 32), f"{locale}: {key}"
            if key.startswith("form_"):
                assert len(text) <= 45, f"{locale}: {key}"

"""Every message exists in every language, with the same gaps, wherever a key is raised."""

from __future__ import annotations

import ast
import re
from enum import StrEnum
from pathlib import Path
from string import Formatter

import pytest

from bot.i18n import LOCALES, Words
from bot.studio.options import bounds
from storage.domain.camera.motion import Motion, Speed
from storage.domain.clip import Container
from storage.domain.errors import BadRequest
from storage.domain.job import Status
from storage.domain.progress import Stage
from storage.domain.request import Preset
from storage.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ENUMS: dict[str, type[StrEnum]] = {
    "motion": Motion,
    "speed": Speed,
    "preset": Preset,
    "container": Container,
    "stage": Stage,
    "status": Status,
}
NO_KEYS = {"job_id", "motion_prototypes"}
"""Strings in the source that look like message keys and are none."""


@pytest.fixture(scope="module")
def words() -> Words:
    return Words.load()


def gaps(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


class Source:
    """The strings in the source from which message keys are taken or put together."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.patterns: set[str] = set()
        self.arguments: set[str] = set()
        self.names: set[str] = set()
        for room in ("bot", "storage", "gpu_worker"):
            for path in (ROOT / room).rglob("*.py"):
                if "lab" not in path.relative_to(ROOT).parts:
                    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                        self._add(node)

    def _add(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.texts.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
            if isinstance(parts[0], str) and re.fullmatch("[a-z]+_", parts[0]):
                gaps = ["([a-z0-9_]+)" if part is None else re.escape(str(part)) for part in parts]
                self.patterns.add("".join(gaps))
        elif isinstance(node, ast.arg):
            self.arguments.add(node.arg)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "BadRequest":
            names = [word.value for word in node.keywords if word.arg == "name"]
            self.names |= {str(name.value) for name in names if isinstance(name, ast.Constant)}

    def builds(self, key: str) -> bool:
        """Tell whether a key is put together from strings that are in the source."""
        known = self.texts | self.arguments
        name = key.removeprefix("name_")  # bot.i18n adds it to what an error names
        if name != key and name in known:
            return True
        found = (re.fullmatch(pattern, name) for pattern in self.patterns)
        return any(match and set(match.groups()) <= known for match in found)


@pytest.fixture(scope="module")
def source() -> Source:
    return Source()


def test_all_languages_have_the_same_messages(words: Words) -> None:
    english = words.locales["en"]
    for locale in LOCALES:
        assert set(words.locales[locale]) == set(english)


def test_all_languages_have_the_same_gaps(words: Words) -> None:
    for key, template in words.locales["en"].items():
        for locale in LOCALES:
            assert gaps(words.locales[locale][key]) == gaps(template), f"{locale}: {key}"


def test_every_key_in_the_source_has_a_message(words: Words, source: Source) -> None:
    families = {key.partition("_")[0] for key in words.locales["en"]}
    keys = re.compile(f"(?:{'|'.join(families)})_[a-z0-9_]+")
    found = {text for text in source.texts if keys.fullmatch(text)} - NO_KEYS
    assert len(found) > 100
    assert {key for key in found if not words.has(key)} == set()


def test_every_message_is_used(words: Words, source: Source) -> None:
    keys = {key for key in words.locales["en"] if key.partition("_")[0] not in ENUMS}
    assert {key for key in keys - source.texts if not source.builds(key)} == set()


@pytest.mark.parametrize("family", ENUMS)
def test_each_value_has_a_name_and_each_name_a_value(words: Words, family: str) -> None:
    keys = {key for key in words.locales["en"] if key.partition("_")[0] == family}
    assert keys == {f"{family}_{value.value}" for value in ENUMS[family]}


def test_what_an_error_names_has_a_name(words: Words, source: Source) -> None:
    settings = Settings.from_environment({})
    catalogue = settings.catalogue()
    names = {*bounds(catalogue.model(), settings.hardware(catalogue)), *source.names}
    assert {"path", "candidates", "steps"} <= names
    assert {name for name in names if not words.has(f"name_{name}")} == set()


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

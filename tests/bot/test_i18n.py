"""Every message exists in every language with the same placeholders, and is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from string import Formatter

import discord
import pytest

from bot.discord_ui.clip_actions.finish_menu import EMOJIS
from bot.discord_ui.commands.buttons import STYLES
from bot.discord_ui.permissions import missing_permissions
from bot.i18n import LOCALES, Translations
from bot.studio.option_table import OPTIONS, Option
from storage.domain.errors import BadRequest
from storage.domain.job import Status
from storage.domain.progress import Stage
from tests.support.catalogue.admission import ADMISSION, CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
FAMILIES: dict[str, Iterable[str]] = {
    **{option.kind.__name__.lower(): option.choices for option in OPTIONS if option.choices},
    "stage": Stage,
    "status": Status,
    "button": STYLES,
    "finish": ("menu", *EMOJIS),
    "permission": {
        name
        for thread in (False, True)
        for name in missing_permissions(discord.Permissions.none(), thread)
    },
}
"""The values whose message keys are a prefix and the value."""

NO_KEYS = {
    "clips_from_cache",
    "forget_me",
    "job_id",
    "name_localized",
    "motion_prototypes",
    "stage_seconds",
    "styles_folder",
    "picture_2",
    "picture_model",
    "picture_3",
    "picture_4",
}
"""Strings of the source that look like message keys but are none."""


@pytest.fixture(scope="module")
def texts() -> Translations:
    return Translations.load()


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


class Source:
    """The strings of the source that are, or are formatted to, message keys."""

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
                self.patterns.add("".join(str(part or "([a-z0-9_]+)") for part in parts))
        elif isinstance(node, ast.arg):
            self.arguments.add(node.arg)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "BadRequest":
            names = [word.value for word in node.keywords if word.arg == "name"]
            self.names |= {str(name.value) for name in names if isinstance(name, ast.Constant)}

    def builds(self, key: str) -> bool:
        """Tell whether the source has an f-string and its values that give this key."""
        known = self.texts | self.arguments
        name = key.removeprefix("name_")  # bot.i18n adds it to what an error names
        if name != key and name in known:
            return True
        found = (re.fullmatch(pattern, name) for pattern in self.patterns)
        return any(match and set(match.groups()) <= known for match in found)


@pytest.fixture(scope="module")
def source() -> Source:
    return Source()


def test_all_languages_have_the_same_messages(texts: Translations) -> None:
    english = texts.locales["en"]
    for locale in LOCALES:
        assert set(texts.locales[locale]) == set(english)


def test_all_languages_have_the_same_placeholders(texts: Translations) -> None:
    for key, template in texts.locales["en"].items():
        for locale in LOCALES:
            assert placeholders(texts.locales[locale][key]) == placeholders(template), (
                f"{locale}: {key}"
            )


def test_every_key_in_the_source_has_a_message(texts: Translations, source: Source) -> None:
    families = {key.partition("_")[0] for key in texts.locales["en"]}
    keys = re.compile(f"(?:{'|'.join(families)})_[a-z0-9_]+")
    found = {text for text in source.texts if keys.fullmatch(text)} - NO_KEYS
    assert len(found) > 100
    assert {key for key in found if not texts.has(key)} == set()


def test_every_message_is_used(texts: Translations, source: Source) -> None:
    keys = {key for key in texts.locales["en"] if key.partition("_")[0] not in FAMILIES}
    assert {key for key in keys - source.texts if not source.builds(key)} == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_each_value_has_a_name_and_each_name_a_value(texts: Translations, family: str) -> None:
    keys = {key for key in texts.locales["en"] if key.partition("_")[0] == family}
    assert keys == {f"{family}_{value}" for value in FAMILIES[family]}


def test_what_an_error_names_is_translated(texts: Translations, source: Source) -> None:
    model = CATALOGUE.model()
    bounded = {option.name for option in OPTIONS if ADMISSION.bounds(option, model)}
    names = bounded | source.names
    assert {"path", "candidates", "steps"} <= names
    assert {name for name in names if not texts.has(f"name_{name}")} == set()


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_each_option_has_texts_wherever_it_is_shown(texts: Translations, option: Option) -> None:
    keys = [option.about_key, *option.choices.values()]
    keys += [option.name_key] if option.in_command else []
    keys += [f"form_{option.name}"] if option.form_field is not None else []
    assert [key for key in keys if not texts.has(key)] == []


def test_an_error_is_translated(texts: Translations) -> None:
    error = BadRequest("request_out_of_range", name="steps", low=2.0, high=50.0)
    assert texts.error("en-GB", error) == "“steps” must lie between 2 and 50."
    assert texts.error("zh-CN", error) == "“步数”必须在 2 到 50 之间。"


def test_an_unknown_locale_gets_the_default() -> None:
    assert Translations.load("zh-CN").nearest("fr") == "zh-CN"
    assert Translations.load().nearest("fr") == "en"
    assert Translations.load().nearest("zh-TW") == "zh-TW"


def test_an_unknown_key_or_placeholder_never_fails(texts: Translations) -> None:
    assert texts.text("en", "no_such_key") == texts.text("en", "internal_error")
    assert texts.text("en", "time_seconds") == "{count} s"


@pytest.mark.parametrize("key", ["{0.__class__}", "{job.__class__}", "{", "\ud800", "a" * 10**6])
def test_neither_a_key_nor_a_value_is_a_template(texts: Translations, key: str) -> None:
    assert texts.text("en", key, job=object()) == texts.text("en", "internal_error")
    assert texts.text("en", "time_seconds", count=key) == f"{key} s"


@pytest.mark.parametrize("name", ["self", "key", "locale", "job", "texts", "values"])
def test_a_parameter_may_have_any_name(texts: Translations, name: str) -> None:
    assert texts.error("en", BadRequest("time_seconds", **{name: 1})) == "{count} s"


def test_command_texts_respect_discords_limits(texts: Translations) -> None:
    for locale in LOCALES:
        for key, text in texts.locales[locale].items():
            if key.startswith(("command_", "option_", "menu_")):
                assert len(text) <= (90 if key.endswith("_about") else 32), f"{locale}: {key}"
            if key.startswith("form_"):
                assert len(text) <= 45, f"{locale}: {key}"


def test_taiwan_reads_traditional_characters_and_its_own_words(texts: Translations) -> None:
    simplified, traditional = texts.locales["zh-CN"], texts.locales["zh-TW"]
    assert traditional.keys() == simplified.keys()
    for key, text in traditional.items():
        assert placeholders(text) == placeholders(simplified[key])
    assert texts.text("zh-TW", "button_delete") == "刪除"
    assert texts.text("zh-TW", "option_resolution") == "解析度"
    assert texts.text("zh-TW", "details_parameters") == "參數"
    assert texts.text("zh-TW", "report_bill") == "帳單"
    assert "影片" in texts.text("zh-TW", "stage_encoding")
    assert "「重試」" in texts.text("zh-TW", "card_lost")

"""What the settings ask for, and what is wrong with them in one line."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.studio.content.content_rules import ContentRules
from storage.domain.trust.filter_level import FilterLevel
from storage.settings import Settings, SettingsError
from tests.support.pictures import filters


def read(**environ: str) -> ContentRules:
    rules = ContentRules.read(Settings.from_environment(environ))
    rules.close()
    return rules


@pytest.mark.parametrize(
    ("setting", "floor"),
    [
        ("auto", FilterLevel.OFF),
        ("on", FilterLevel.OFF),
        ("normal", FilterLevel.NORMAL),
        ("strict", FilterLevel.STRICT),
    ],
)
def test_the_filter_is_on_where_it_is_installed(setting: str, floor: FilterLevel) -> None:
    rules = read(FILTER=setting, FILTER_FACTORY=filters.RED)
    assert rules.checker is not None
    assert rules.floor is floor


def test_the_filter_is_off_where_the_operator_says_so() -> None:
    assert read(FILTER="off", FILTER_FACTORY=filters.RED).checker is None


def test_a_filter_that_is_not_installed_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    assert read(FILTER_FACTORY="nowhere_at_all:create").checker is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "nowhere_at_all:create is not installed (the extra `filter`)" in caplog.text
    for setting in ("on", "normal", "strict"):
        with pytest.raises(SettingsError, match=f"^FILTER={setting}: .* not installed"):
            read(FILTER=setting, FILTER_FACTORY="nowhere_at_all:create")
    with pytest.raises(SettingsError, match=r"^FILTER=maybe: "):
        read(FILTER="maybe")


def test_words_are_read_from_the_operators_file(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("\ufeff# ours\ndragons\n/kni.ht/\n", "utf-8")
    words = read(FILTER="off", WORDS_FILE=str(file)).words
    assert [words.find(text) for text in ("Dragons!", "a knight", "a dragonfly")] == [
        *("dragons", "/kni.ht/", ""),
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"dragons\n/(/\n", "line 2, '/\\(/': missing \\)"),
        (b"\xff\xfe\xff", "it is not in UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_fault_in_the_file_is_one_line(tmp_path: Path, content: bytes | None, fault: str) -> None:
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"^WORDS_FILE={file}: {fault}[^\n]*$"):
        read(FILTER="off", WORDS_FILE=str(file))

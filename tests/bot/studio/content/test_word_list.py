"""Words are found in whatever form they are written, and in no other words."""

from __future__ import annotations

import time

import pytest

from bot.studio.content.word_list import BadEntry, WordList

WORDS = WordList.read(
    [
        "# what we do not want here",
        "",
        "ass",
        "Grüne Männchen",
        "赌博",
        "/colou?rs?/",
        r"/b[o0]{2}m/",
    ]
)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("an ass by the sea", "ass"),
        ("ASS, and more", "ass"),
        ("an \uff41\uff53\uff53", "ass"),
        ("an a\u200bss", "ass"),
        ("an a\u0301ss", "ass"),
        ("the_ass_walks", "ass"),
        ("zwei grüne männchen winken", "Grüne Männchen"),
        ("zwei GRU\u0308NE-MA\u0308NNCHEN", "Grüne Männchen"),
        ("他们在赌博吗", "赌博"),
        ("Colours of a coat", "/colou?rs?/"),
        ("B00M", r"/b[o0]{2}m/"),
        ("grass and a glass, a class of assassins", ""),
        ("grüne Wiesen, Männchen", ""),
        ("赌 博", ""),
        ("", ""),
    ],
)
def test_an_entry_is_found_as_whole_words_or_wherever_words_have_no_spaces(
    text: str, entry: str
) -> None:
    assert WORDS.find(text) == entry


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("/[/", "missing"),
        ("/(?<=a)b/", "perl"),
        ("/a{1000}{1000}/", "bad repetition"),
        ("/a*/", "every text"),
        ("...", "no letters"),
        ("x" * 201, "longer than 200"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_with_its_line(entry: str, reason: str) -> None:
    with pytest.raises(BadEntry, match=f"^line 2, .*{reason}"):
        WordList.read(["fine", entry])
    with pytest.raises(BadEntry, match="more than 10000"):
        WordList.read(["fine"] * 10_001)


def test_no_regular_entry_takes_long() -> None:
    words = WordList.read([r"/(a+)+\$/", r"/(a|aa)+b/", r"/(.*)*x/"])
    began = time.process_time()
    assert words.find("a" * 8000) == ""
    assert time.process_time() - began < 0.2

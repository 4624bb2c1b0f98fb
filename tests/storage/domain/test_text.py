"""Text from outside becomes valid Unicode, and what cannot be seen counts as nothing."""

import pytest

from storage.domain.text import clean, is_blank, printable


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("镜头拉远 😀", "镜头拉远 😀"),
        ("镜头".encode().decode("ascii", "surrogateescape"), "镜头"),  # a terminal in the C locale
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("\ud83dx", "\ufffdx"),
        ("a\0b\x1b[2Jc\r\nd\te", "ab[2Jc\nd\te"),
    ],
)
def test_text_is_cleaned(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("text", ["", " \n\u3000", "\u200b\u200d\ufeff", "\u3164", "\u2800\ufe0f"])
def test_what_cannot_be_seen_is_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(text + "放")


def test_a_path_is_printed_as_one_line() -> None:
    assert printable("a\nb\x1b[2J\udce9") == "a\\nb\\x1b[2J\ufffd"

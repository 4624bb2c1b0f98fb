"""Cleaning of text from outside: terminals, file names and messages."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t")
# Letters and symbols that are drawn as nothing: Hangul fillers and the empty Braille pattern.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp", "Mn", "Me"})


def clean(text: str) -> str:
    """Return valid Unicode without control characters other than line breaks and tabs.

    Bytes that Python kept as surrogates (of a terminal or file name) are read as UTF-8; what stays
    unreadable becomes U+FFFD.
    """
    valid = _valid(text)
    return "".join(one for one in valid if one in _KEPT or unicodedata.category(one) != "Cc")


def is_blank(text: str) -> bool:
    """Tell whether nothing of the text can be seen: spaces, zero-width characters, fillers."""
    return all(one in _FILLERS or unicodedata.category(one) in _UNSEEN for one in text)


def printable(text: object) -> str:
    """Return a text or a path as one line that changes nothing else in a terminal."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode()
        for one in _valid(str(text))
    )


def _valid(text: str) -> str:
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # other surrogates: pairs are joined
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

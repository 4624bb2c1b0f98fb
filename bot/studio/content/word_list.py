"""Lists of words that prompts may not have, one entry a line.

# a comment
some words        whole words, in whatever form of letters; Chinese ones anywhere
/colou?rs?/       a regular expression of RE2, which takes time linear in the text's length
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import re2

LONGEST_ENTRY = 200  # characters
MOST_ENTRIES = 10_000
REGULAR_MEMORY = 2**20  # bytes that one regular expression may take

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of languages that are written without spaces."""

_INVISIBLE = re.compile(
    "[\u0300-\u036f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u2065"
    "\u20d0-\u20ff\u302a-\u302f\u3164\ufe00-\ufe0f\ufe20-\ufe2f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
"""Accents, fillers and selectors of variants that are not of category Cf."""

_VOWELLED = re.compile("[\u0590-\u1cff\u3040-\u30ff\ua800-\uabff\U00010a00-\U0001cfff]")
"""Letters of scripts whose marks are parts of words, such as the vowels of Thai and Hindi."""

_LATIN = re.compile("[A-Za-z]")
_ALIKE = re.compile("[\u0370-\u03ff\u0400-\u052f]")
"""Letters of Greek and Cyrillic."""
_LATIN_FORMS = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеѕіјорсхукԁӏһԛԝѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορυɑɡı",
    "ABESIJKMHOPCTXYaesijopcxykdlhqwvABEZHIKMNOPTYXaikvopuagi",
)
"""Letters of Cyrillic, Greek and phonetics as the Latin ones that they look like."""


class BadEntry(ValueError):
    """An entry cannot be used; the message says which and why."""

    def __init__(self, number: int, entry: str, reason: str) -> None:
        super().__init__(f"line {number}, {entry[:60]!a}: {reason}")
        self.entry = entry


@dataclass(frozen=True)
class WordList:
    """Entries by how they are looked for; each with the entry as it was written."""

    words: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    patterns: tuple[tuple[Any, str], ...] = ()

    @classmethod
    def read(cls, lines: Iterable[str]) -> Self:
        """Return the list that these lines have; raise BadEntry."""
        words: list[tuple[str, str]] = []
        parts: list[tuple[str, str]] = []
        patterns: list[tuple[Any, str]] = []
        for number, line in enumerate(lines, 1):
            entry = line.strip()
            if not entry or entry.startswith("#"):
                continue
            if len(entry) > LONGEST_ENTRY:
                raise BadEntry(number, entry, f"it is longer than {LONGEST_ENTRY} characters")
            if len(words) + len(parts) + len(patterns) >= MOST_ENTRIES:
                raise BadEntry(number, entry, f"there are more than {MOST_ENTRIES}")
            if len(entry) > 2 and entry[0] == entry[-1] == "/":
                patterns.append((_pattern(number, entry), entry))
            elif _UNSPACED.search(entry):
                parts.append((normalised(entry), entry))
            elif found := _words(normalised(entry)):
                words.append((found, entry))
            else:
                raise BadEntry(number, entry, "it has no letters")
        return cls(tuple(words), tuple(parts), tuple(patterns))

    def find(self, text: str) -> str:
        """Return the first entry that a text has, as it was written; empty where it has none."""
        return next(filter(None, map(self._find, readings(text))), "")

    def _find(self, plain: str) -> str:
        words = _words(plain)
        for word, entry in self.words:
            if word in words:
                return entry
        for part, entry in self.parts:
            if part in plain:
                return entry
        for pattern, entry in self.patterns:
            if pattern.search(plain):
                return entry
        return ""


def normalised(text: str) -> str:
    """Return a text with one form for what reads alike.

    That is letters, cases, accents, widths, what is invisible, and what looks Latin in a word that
    has Latin letters.
    """
    visible = _WORD.sub(_latin, "".join(_visible(text)))
    return unicodedata.normalize("NFKC", visible.casefold())


def readings(text: str) -> tuple[str, ...]:
    """Return a normalised text, and what it may be read as where all of it is look-alikes.

    A word that is nothing but Cyrillic or Greek letters which look Latin is one of Russian or Greek
    beside another word of that script which has other letters, and Latin in disguise otherwise.
    """
    plain = normalised(text)
    visible = "".join(_visible(text))
    words = [word for word in _WORD.findall(visible) if len(word) > 1 and _is_foreign(word)]
    if not words or any(_ALIKE.search(word.translate(_LATIN_FORMS)) for word in words):
        return (plain,)
    return plain, normalised(visible.translate(_LATIN_FORMS))


def _is_foreign(word: str) -> bool:
    return bool(_ALIKE.search(word)) and not _LATIN.search(word)


def _visible(text: str) -> Iterator[str]:
    """Yield the characters of a text that count, each without its accents."""
    base = ""
    for letter in _INVISIBLE.sub("", unicodedata.normalize("NFKD", text)):
        category = unicodedata.category(letter)
        if category in ("Mn", "Me"):
            if not _VOWELLED.match(base):
                continue
        elif category == "Cf" or (category == "Cc" and not letter.isspace()):
            continue
        else:
            base = letter
        yield letter


def _latin(word: re.Match[str]) -> str:
    """Return a word with Latin letters for what looks like them, where it has any of these."""
    letters = word[0]
    if not _LATIN.search(letters):
        return letters
    return letters.translate(_LATIN_FORMS)


def _words(plain: str) -> str:
    """Return the words of a normalised text with a space on either side; empty for none."""
    found = _WORD.findall(plain.replace("_", " "))
    return f" {' '.join(found)} " if found else ""


def _pattern(number: int, entry: str) -> Any:
    options = re2.Options()
    options.max_mem = REGULAR_MEMORY
    options.log_errors = options.case_sensitive = False
    try:
        pattern = re2.compile(entry[1:-1], options)
    except re2.error as error:
        [reason] = error.args
        told = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise BadEntry(number, entry, told) from error
    if pattern.search(""):
        raise BadEntry(number, entry, "it is found in every text")
    return pattern

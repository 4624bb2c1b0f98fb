"""The words that a server's managers do not want in prompts."""

from __future__ import annotations

from functools import lru_cache

from bot.studio.content.word_list import BadEntry, WordList
from storage.domain.errors import BadRequest

MOST_WORDS = 200


def read_words(text: str) -> tuple[str, ...]:
    """Return the entries of a text, one a line; raise BadRequest where one cannot be used."""
    lines = dict.fromkeys(line.strip() for line in text.splitlines())
    words = tuple(line for line in lines if line and not line.startswith("#"))
    if len(words) > MOST_WORDS:
        raise BadRequest("request_words_count", limit=MOST_WORDS)
    for word in words:
        try:
            WordList.read([word])
        except BadEntry as error:
            raise BadRequest("request_words_entry", entry=word[:50]) from error
    return words


@lru_cache(maxsize=256)
def list_of(words: tuple[str, ...]) -> WordList:
    """Return the list of a server's words; one that an earlier release let pass is left out."""
    usable = []
    for word in words:
        try:
            WordList.read([word])
        except BadEntry:
            continue
        usable.append(word)
    return WordList.read(usable)

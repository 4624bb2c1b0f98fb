"""A server's words are read as they are typed, and one that cannot be used is named."""

from __future__ import annotations

import pytest

from bot.studio.content.server_words import MOST_WORDS, list_of, read_words
from storage.domain.errors import BadRequest


def test_each_line_is_one_entry() -> None:
    assert read_words(" dragons \n\n# ours\n/kni.ht/\ndragons\n赌博") == (
        *("dragons", "/kni.ht/", "赌博"),
    )
    assert read_words("") == ()


def test_what_cannot_be_used_is_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="request_words_entry") as caught:
        read_words("dragons\n/(a/")
    assert caught.value.parameters == {"entry": "/(a/"}
    with pytest.raises(BadRequest, match="request_words_count"):
        read_words("\n".join(map(str, range(MOST_WORDS + 1))))


def test_a_kept_entry_that_cannot_be_used_any_more_spoils_no_other() -> None:
    assert list_of(("/(a/", "dragons")).find("two dragons") == "dragons"

"""How strictly pictures are looked at follows from operator, server and channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.codec import encode
from storage.domain.errors import BadRequest
from storage.domain.request import GenerationRequest
from storage.domain.trust.filter_level import FilterLevel, level_of, passes

OFF, NORMAL, STRICT = FilterLevel
REQUEST = GenerationRequest("p" * 64, "waves", "fake", 64, 48, 6, 8, 4, 1.0, seed=11)


@pytest.mark.parametrize(
    ("chosen", "floor", "age_restricted", "level"),
    [
        ("", OFF, False, NORMAL),
        ("", OFF, True, NORMAL),
        ("off", OFF, True, OFF),
        ("off", OFF, False, NORMAL),
        ("off", NORMAL, True, NORMAL),
        ("off", STRICT, True, STRICT),
        ("normal", STRICT, False, STRICT),
        ("strict", OFF, True, STRICT),
        ("strict", NORMAL, False, STRICT),
        ("of a later release", OFF, True, NORMAL),
    ],
)
def test_the_filter_is_off_only_where_the_channel_is_age_restricted(
    chosen: str, floor: FilterLevel, age_restricted: bool, level: FilterLevel
) -> None:
    assert level_of(chosen, floor, age_restricted=age_restricted) is level


def test_what_nobody_has_looked_at_passes_only_where_nothing_is_looked_at() -> None:
    assert (OFF.limit, NORMAL.limit, STRICT.limit) == (0.0, 0.7, 0.4)
    assert passes(None, OFF.limit)
    assert passes(1.0, OFF.limit)
    assert not passes(None, NORMAL.limit)
    for score, result in ((0.0, True), (0.69, True), (0.7, False), (1.0, False)):
        assert passes(score, NORMAL.limit) is result


def test_the_limit_says_where_a_clip_is_shown_and_not_what_clip_it_is() -> None:
    limited = replace(REQUEST, content_limit=0.4)
    assert limited.fingerprint == REQUEST.fingerprint
    assert "content_limit" not in encode(REQUEST)
    assert encode(limited)["content_limit"] == 0.4
    for limit in (-0.1, 1.1):
        with pytest.raises(BadRequest):
            replace(REQUEST, content_limit=limit)

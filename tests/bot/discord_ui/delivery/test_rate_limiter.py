"""Each place is edited at a pace, and no place is remembered for ever."""

from __future__ import annotations

from bot.discord_ui.delivery.rate_limiter import RateLimiter


def test_a_place_is_free_again_after_its_pause() -> None:
    pace = RateLimiter(1.0)
    assert pace.is_free("a", 0.0)
    pace.note("a", 5.0)
    assert pace.is_free("b", 5.5)
    assert not pace.is_free("a", 5.9)
    assert pace.is_free("a", 6.0)


def test_of_many_places_only_those_in_a_pause_are_remembered() -> None:
    pace = RateLimiter(1.0)
    for number in range(1000):
        pace.note(str(number), number / 4)
    assert len(pace) == 4
    assert not pace.is_free("999", 250.0)


def test_an_edit_that_is_noted_anew_begins_another_pause() -> None:
    pace = RateLimiter(1.0)
    for place, now in (("a", 0.0), ("b", 0.4), ("a", 0.8), ("c", 1.5)):
        pace.note(place, now)
    assert not pace.is_free("a", 1.5)
    assert len(pace) == 2

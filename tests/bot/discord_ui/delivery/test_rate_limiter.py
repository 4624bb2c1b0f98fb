"""Each place is edited at a limiter, and no place is remembered for ever."""

from __future__ import annotations

from bot.discord_ui.delivery.rate_limiter import RateLimiter


def test_a_place_is_free_again_after_its_pause() -> None:
    limiter = RateLimiter(1.0)
    assert limiter.allows("a", 0.0)
    limiter.record("a", 5.0)
    assert limiter.allows("b", 5.5)
    assert not limiter.allows("a", 5.9)
    assert limiter.allows("a", 6.0)


def test_of_many_places_only_those_in_a_pause_are_remembered() -> None:
    limiter = RateLimiter(1.0)
    for number in range(1000):
        limiter.record(str(number), number / 4)
    assert len(limiter) == 4
    assert not limiter.allows("999", 250.0)


def test_an_edit_that_is_noted_anew_begins_another_pause() -> None:
    limiter = RateLimiter(1.0)
    for place, now in (("a", 0.0), ("b", 0.4), ("a", 0.8), ("c", 1.5)):
        limiter.record(place, now)
    assert not limiter.allows("a", 1.5)
    assert len(limiter) == 2

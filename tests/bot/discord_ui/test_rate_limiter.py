"""Each key is allowed once an interval, and dropped after it."""

from __future__ import annotations

from bot.discord_ui.rate_limiter import RateLimiter


def test_a_key_is_allowed_again_after_the_interval() -> None:
    limiter = RateLimiter(1.0)
    assert limiter.allows("a", 0.0)
    limiter.record("a", 5.0)
    assert limiter.allows("b", 5.5)
    assert not limiter.allows("a", 5.9)
    assert limiter.allows("a", 6.0)


def test_an_event_that_comes_late_is_compared_by_its_own_time() -> None:
    limiter = RateLimiter(1.0)
    limiter.record("a", 5.0)
    assert limiter.allows("a", 2.0)
    assert not limiter.allows("a", 4.5)


def test_only_keys_within_their_interval_are_kept() -> None:
    limiter = RateLimiter(1.0)
    for number in range(1000):
        limiter.record(str(number), number / 4)
    assert len(limiter) == 4
    assert not limiter.allows("999", 250.0)


def test_recording_a_key_again_restarts_its_interval() -> None:
    limiter = RateLimiter(1.0)
    for place, now in (("a", 0.0), ("b", 0.4), ("a", 0.8), ("c", 1.5)):
        limiter.record(place, now)
    assert not limiter.allows("a", 1.5)
    assert len(limiter) == 2


def test_an_event_is_taken_once_an_interval() -> None:
    limiter = RateLimiter(1.0)
    assert [limiter.take("a", now) for now in (0.0, 0.9, 1.0, 1.5)] == [True, False, True, False]

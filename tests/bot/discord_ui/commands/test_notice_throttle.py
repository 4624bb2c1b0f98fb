"""A person is notified of the same error once in a while."""

from __future__ import annotations

from bot.discord_ui.commands.notice_throttle import INTERVAL, NoticeThrottle
from storage.domain.errors import QuotaExceeded

SPENT = QuotaExceeded("quota_spent", resets_in=5000)
TOO_MANY = QuotaExceeded("quota_too_many", limit=5)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_error_is_allowed_once_a_person_until_it_expires() -> None:
    clock = Clock()
    throttle = NoticeThrottle(clock)
    assert [throttle.allows("ann", SPENT) for _ in range(3)] == [True, False, False]
    assert throttle.allows("bob", SPENT)
    assert throttle.allows("ann", TOO_MANY)
    clock.now = INTERVAL
    assert throttle.allows("ann", TOO_MANY)
    assert not throttle.allows("ann", SPENT)
    clock.now = 5000.0
    assert throttle.allows("ann", SPENT)


def test_reset_allows_all_errors_of_one_person_again() -> None:
    throttle = NoticeThrottle(Clock())
    assert throttle.allows("ann", TOO_MANY)
    assert throttle.allows("bob", TOO_MANY)
    throttle.reset("ann")
    assert throttle.allows("ann", TOO_MANY)
    assert not throttle.allows("bob", TOO_MANY)


def test_expired_errors_are_dropped() -> None:
    clock = Clock()
    throttle = NoticeThrottle(clock)
    for number in range(100):
        clock.now += INTERVAL
        throttle.allows(str(number), TOO_MANY)
    assert len(throttle) == 1

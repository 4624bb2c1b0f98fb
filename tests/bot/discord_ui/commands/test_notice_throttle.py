"""Nobody is told the same reason twice before it may have lapsed."""

from __future__ import annotations

from bot.discord_ui.commands.notice_throttle import PAUSE, NoticeThrottle
from storage.domain.errors import QuotaExceeded

SPENT = QuotaExceeded("quota_spent", resets_in=5000)
TOO_MANY = QuotaExceeded("quota_too_many", limit=5)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_reason_is_told_once_to_each_person_until_it_lapses() -> None:
    clock = Clock()
    told = NoticeThrottle(clock)
    assert [told.is_news("ann", SPENT) for _ in range(3)] == [True, False, False]
    assert told.is_news("bob", SPENT)
    assert told.is_news("ann", TOO_MANY)
    clock.now = PAUSE
    assert told.is_news("ann", TOO_MANY)
    assert not told.is_news("ann", SPENT)
    clock.now = 5000.0
    assert told.is_news("ann", SPENT)


def test_who_could_order_meanwhile_is_told_anew() -> None:
    told = NoticeThrottle(Clock())
    assert told.is_news("ann", TOO_MANY)
    assert told.is_news("bob", TOO_MANY)
    told.forget("ann")
    assert told.is_news("ann", TOO_MANY)
    assert not told.is_news("bob", TOO_MANY)


def test_what_has_lapsed_is_not_remembered() -> None:
    clock = Clock()
    told = NoticeThrottle(clock)
    for number in range(100):
        clock.now += PAUSE
        told.is_news(str(number), TOO_MANY)
    assert len(told) == 1

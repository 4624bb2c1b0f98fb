"""Sums over the orders of some days: what they came to, in credits, GPU time and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from storage.domain.usage.waiting_times import WaitingTimes


@dataclass(frozen=True, slots=True)
class Usage:
    """Sums over orders that have ended.

    done counts finished clips, cached those of them that the cache answered. credits is what the
    made ones cost, refunded what was given back, saved what the cached ones would have cost.
    seconds is GPU time; start_seconds and idle_seconds are shares of the workers' other time.
    money is in US dollars.
    """

    done: int = 0
    failed: int = 0
    cancelled: int = 0
    cached: int = 0
    credits: int = 0
    refunded: int = 0
    saved: int = 0
    seconds: float = 0.0
    start_seconds: float = 0.0
    idle_seconds: float = 0.0
    money: float = 0.0

    @property
    def made(self) -> int:
        """Return how many clips were made, rather than found in the cache."""
        return self.done - self.cached

    @property
    def all_seconds(self) -> float:
        """Return the GPU time with the shares of start and idle time."""
        return self.seconds + self.start_seconds + self.idle_seconds

    def __add__(self, other: Usage) -> Usage:
        """Return the sums over both."""
        names = [one.name for one in fields(self)]
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class UsageHistory:
    """What was ordered from one day (counted from 1970 in UTC) to another, both included.

    by_subject is by person in one server's history, by server in the whole service's, and empty in
    one person's; the largest come first, and others is the rest. The empty server is all that was
    ordered outside of servers. failures counts failed orders by the failure's message key.
    """

    first_day: int
    last_day: int
    by_day: Mapping[int, Usage]
    by_model: Mapping[str, Usage]
    by_subject: Mapping[str, Usage] = field(default_factory=dict)
    others: Usage = Usage()
    failures: Mapping[str, int] = field(default_factory=dict)
    waiting: WaitingTimes = field(default_factory=WaitingTimes)

    @property
    def total(self) -> Usage:
        """Return the sums over all days."""
        return sum(self.by_day.values(), Usage())

    @property
    def days(self) -> range:
        """Return all days, also those without orders."""
        return range(self.first_day, self.last_day + 1)

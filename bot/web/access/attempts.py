"""Wrong passwords: who has to wait how long before the next one is looked at."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

FREE = 5
"""Wrong passwords in a row before anybody waits: for a second, then twice as long each time."""
LONGEST_DELAY = 60.0  # seconds
FORGOTTEN = 3600.0
"""Seconds after the last wrong password of a sender for a name, when they are forgotten."""
MOST_KEPT = 10_000
MOST_WAITING, MOST_OF_SENDER = 16, 4
"""Passwords that are looked at or wait for it, of all senders and of one."""


class TooManyAttempts(Exception):
    """A password was not looked at; seconds are how long to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.0f} s")
        self.seconds = seconds


@dataclass
class Attempts:
    """Wrong passwords by their sender and name together, so that nobody locks out anybody else."""

    clock: Callable[[], float] = time.monotonic
    _failures: OrderedDict[tuple[str, str], tuple[int, float]] = field(default_factory=OrderedDict)
    _waiting: Counter[str] = field(default_factory=Counter)

    @contextlib.contextmanager
    def waiting(self, sender: str) -> Iterator[None]:
        """Take a place among those who wait; raise TooManyAttempts where there is none."""
        if self._waiting[sender] >= MOST_OF_SENDER or self._waiting.total() >= MOST_WAITING:
            raise TooManyAttempts(1.0)
        self._waiting[sender] += 1
        try:
            yield
        finally:
            self._waiting[sender] -= 1
            if not self._waiting[sender]:
                del self._waiting[sender]

    def admit(self, sender: str, name: str) -> None:
        """Raise TooManyAttempts while a sender's last wrong password for a name is too recent."""
        count, last = self._failures.get((sender, name), (0, 0.0))
        passed = self.clock() - last
        if count < FREE or passed >= FORGOTTEN:
            return
        # An exponent of thousands would be no float.
        delay = min(LONGEST_DELAY, 2.0 ** min(count - FREE, 10))
        if passed < delay:
            raise TooManyAttempts(delay - passed)

    def failed(self, sender: str, name: str) -> None:
        """Count a wrong password."""
        count, last = self._failures.pop((sender, name), (0, 0.0))
        now = self.clock()
        self._failures[sender, name] = (1 if now - last >= FORGOTTEN else count + 1, now)
        if len(self._failures) > MOST_KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, sender: str, name: str) -> None:
        """Forget a sender's wrong passwords for a name."""
        self._failures.pop((sender, name), None)

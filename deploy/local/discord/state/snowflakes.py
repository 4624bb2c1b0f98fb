"""Snowflake ids and timestamps, from a clock that tests can move forward."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000


class Clock:
    """Wall-clock time in unix seconds plus an offset."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Return the time in unix seconds that all deadlines are compared with."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward and apply every deadline that has passed by then."""
        self._offset += seconds
        for listener in self._listeners:
            listener()

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each jump."""
        self._listeners.append(listener)


class Snowflakes:
    """Generates ids with the time in milliseconds in the upper 42 bits; each exceeds the last."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._last = 0

    def next(self) -> str:
        """Return a fresh id as the decimal text that travels in JSON."""
        milliseconds = int(self.clock.now() * 1000) - DISCORD_EPOCH_MS
        self._last = max(milliseconds << 22, self._last + 1)
        return str(self._last)


def timestamp(seconds: float) -> str:
    """Return unix seconds as the ISO 8601 text that Discord writes."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")

"""Limits how often something happens: edits of a channel, presses of a button."""

from __future__ import annotations


class RateLimiter:
    """Allows one event a key and interval; keys whose interval is over are dropped."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._latest: dict[str, float] = {}  # in the order of their times

    def __len__(self) -> int:
        return len(self._latest)

    def allows(self, key: str, now: float) -> bool:
        """Tell whether the key's last event is at least an interval away."""
        latest = self._latest.get(key)
        return latest is None or abs(now - latest) >= self._interval

    def record(self, key: str, now: float) -> None:
        """Record an event."""
        for other, latest in list(self._latest.items()):
            if now - latest < self._interval:
                break
            del self._latest[other]
        self._latest.pop(key, None)
        self._latest[key] = now

    def take(self, key: str, now: float) -> bool:
        """Record an event that is allowed, and tell whether it is."""
        if not self.allows(key, now):
            return False
        self.record(key, now)
        return True

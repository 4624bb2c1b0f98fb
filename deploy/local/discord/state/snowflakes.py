"""Ids as Discord makes them: a time in the upper bits, so that they sort by age."""

from datetime import UTC, datetime

from deploy.local.discord.state.clock import Clock

DISCORD_EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """A source of ids, each greater than the last."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._last = 0

    def next(self) -> str:
        """A fresh id as the decimal text that travels in JSON."""
        milliseconds = int(self.clock.now() * 1000) - DISCORD_EPOCH_MS
        self._last = max(milliseconds << 22, self._last + 1)
        return str(self._last)


def timestamp(seconds: float) -> str:
    """A time in seconds as the ISO 8601 text that Discord writes."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")

"""The stand-in's clock, which a test may set forward."""

import time
from collections.abc import Callable


class Clock:
    """Wall-clock time in seconds since 1970, plus what it was set ahead."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """The time that Discord's rules go by, in seconds."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Set the clock forward and let every deadline that has passed take effect."""
        self._ahead += seconds
        for listener in self._listeners:
            listener()

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each jump."""
        self._listeners.append(listener)

"""Told: who was told why something could not be done, so that a crowd is not told it again."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.domain.errors import MutoscopeError

PAUSE = 600.0  # seconds for which the same reason is not told again


class NoticeThrottle:
    """Remembers each person's reasons until they lapse: credits at their renewal, others soon."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def is_news(self, person: str, error: MutoscopeError) -> bool:
        """Tell whether this person does not know this yet, and take it that they do from now."""
        now, known = self._clock(), (person, error.key)
        self._until = {each: until for each, until in self._until.items() if until > now}
        if known in self._until:
            return False
        self._until[known] = now + float(error.parameters.get("resets_in", PAUSE))
        return True

    def forget(self, person: str) -> None:
        """Tell this person everything anew: an order of theirs was taken."""
        for known in [each for each in self._until if each[0] == person]:
            del self._until[known]

"""Sends each person the same refusal only once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.domain.errors import MutoscopeError

INTERVAL = 600.0  # seconds; an error that names its end (resets_in) is repeated after that


class NoticeThrottle:
    """Remembers which error keys each person was notified of, until they may be repeated."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, str], float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def allows(self, person: str, error: MutoscopeError) -> bool:
        """Tell whether to notify this person of this error, and count it as done if so."""
        now, key = self._clock(), (person, error.key)
        self._until = {each: until for each, until in self._until.items() if until > now}
        if key in self._until:
            return False
        self._until[key] = now + float(error.parameters.get("resets_in", INTERVAL))
        return True

    def reset(self, person: str) -> None:
        """Forget this person's errors, because an order of theirs was accepted."""
        for key in [each for each in self._until if each[0] == person]:
            del self._until[key]

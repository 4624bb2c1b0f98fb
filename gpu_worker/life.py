"""When this worker's process was started and was ready, for the bill."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from storage.domain.cost.bill import WorkerLife

LONGEST_START = 600.0  # seconds; a process that seems to be older has another clock


class LifeClock:
    """Tells for which time the worker is to be billed; may be read by any thread."""

    def __init__(
        self, worker: str, model: str, offer: str, clock: Callable[[], float] = time.time
    ) -> None:
        """Begin at the start of this process; offer is a row of the price list, or empty."""
        self._clock = clock
        self._id = secrets.token_hex(8)
        self._worker = worker
        self._model = model
        self._offer = offer
        age = process_age()  # before the clock is read: no more is billed than was lived
        self._started = clock() - age
        self._ready = 0.0

    def become_ready(self) -> None:
        """Note that the model is loaded."""
        self._ready = self._ready or self._clock()

    def until_now(self) -> WorkerLife:
        """Return the life up to now."""
        now = max(self._clock(), self._ready)
        return WorkerLife(
            id=self._id,
            worker=self._worker,
            offer=self._offer,
            started=self._started,
            ready=self._ready,
            seen=now,
            model=self._model,
        )

    def at_end(self) -> WorkerLife:
        """Return the whole life of a worker that ends now."""
        return replace(self.until_now(), ended=True)


def process_age() -> float:
    """Return for how many seconds this process has run; 0.0 where the system does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        age = uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
    return age if 0.0 <= age <= LONGEST_START else 0.0

"""Forecast of when waiting jobs start."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from math import inf, isfinite


def start_delays(
    remaining: Sequence[float | None], durations: Sequence[float | None], workers: int
) -> list[float | None]:
    """Return in how many seconds each waiting job starts; None where unknown.

    remaining is what the running jobs still take, durations what the waiting ones will take, in
    their order (seconds, None: unknown). Each worker runs one job at a time. Where more jobs run
    than there are workers, the surplus, soonest finished first, no longer occupies an engine.
    """
    ends = sorted(inf if seconds is None else max(0.0, seconds) for seconds in remaining)
    free = ([0.0] * workers + ends)[-workers:]
    heapq.heapify(free)
    found: list[float | None] = []
    for seconds in durations:
        begin = free[0]
        found.append(begin if isfinite(begin) else None)
        heapq.heapreplace(free, begin + (inf if seconds is None else seconds))
    return found

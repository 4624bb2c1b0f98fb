"""Forecast: when each waiting job's turn comes, by what runs and how long such clips take."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from math import inf, isfinite


def begins(
    left: Sequence[float | None], lasts: Sequence[float | None], workers: int
) -> list[float | None]:
    """Return in how many seconds each waiting job begins; None where nobody knows.

    left is what the running clips still take, lasts how long those take that wait, in their order;
    None where nobody knows. Each worker makes one clip after the other. Where more run than there
    are workers, those that are soonest over are past their engines.
    """
    ends = sorted((inf if seconds is None else max(0.0, seconds) for seconds in left), reverse=True)
    free = ([0.0] * workers + ends[::-1])[-workers:]
    heapq.heapify(free)
    found: list[float | None] = []
    for seconds in lasts:
        begin = free[0]
        found.append(begin if isfinite(begin) else None)
        heapq.heapreplace(free, begin + (inf if seconds is None else seconds))
    return found

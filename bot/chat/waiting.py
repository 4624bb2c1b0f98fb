"""Waiting: each waiting job's place in the queue, and about how long that takes."""

from __future__ import annotations

import heapq
import time
from collections.abc import Awaitable, Callable

from bot.chat.cards import Wait
from storage.domain.request import GenerationRequest
from storage.job_rows import kind_of
from storage.jobs import Jobs

FRESH = 1.0  # seconds for which a forecast is not made anew


class Forecast:
    """Reads the queue once for all cards, when something changed.

    Each worker is taken to make clips one after the other, and to be free now: what is running
    ends sooner than a forecast is read.
    """

    def __init__(self, jobs: Jobs, workers: Callable[[], Awaitable[int | None]]) -> None:
        self._jobs = jobs
        self._workers = workers
        self._expired = True
        self._made = 0.0
        self._medians: dict[str, float | None] = {}

    def expire(self) -> None:
        """Make the next forecast anew: a job came or went."""
        self._expired = True

    async def waits(self) -> dict[str, Wait]:
        """Return what changed for the waiting jobs, or nothing where nothing did."""
        now = time.monotonic()
        if not self._expired or now - self._made < FRESH:
            return {}
        self._expired, self._made = False, now
        found: dict[str, Wait] = {}
        free = [0.0] * max(1, await self._workers() or 1)  # when each worker ends what it is given
        known = True
        self._medians.clear()
        for place, job in enumerate(await self._jobs.waiting()):
            begins = free[0] if known else 0.0
            found[job.id] = Wait(place, round(begins) or None)
            median = await self._median(job.request)
            known = known and median is not None
            if median is not None:
                heapq.heapreplace(free, free[0] + median)
        return found

    async def _median(self, request: GenerationRequest) -> float | None:
        """Return how long clips of this kind take; the same kind is looked up once."""
        kind = kind_of(request)
        if kind not in self._medians:
            self._medians[kind] = await self._jobs.median_seconds(request)
        return self._medians[kind]

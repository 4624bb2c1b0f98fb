"""Waiting: each waiting job's place in the queue, and about how long that takes."""

from __future__ import annotations

import time

from bot.chat.cards import Wait
from storage.domain.request import GenerationRequest
from storage.jobs import Jobs

FRESH = 1.0  # seconds for which a forecast is not made anew


class Forecast:
    """Reads the queue once for all cards, when something changed."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._expired = True
        self._made = 0.0
        self._medians: dict[tuple[str, int, int, int, int], float | None] = {}

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
        seconds: float | None = 0.0
        self._medians.clear()
        for place, job in enumerate(await self._jobs.waiting()):
            found[job.id] = Wait(place, round(seconds) if seconds else None)
            median = await self._median(job.request)
            seconds = None if seconds is None or median is None else seconds + median
        return found

    async def _median(self, request: GenerationRequest) -> float | None:
        """Return how long clips of this kind take; the same kind is looked up once."""
        kind = (request.model, request.width, request.height, request.frames, request.steps)
        if kind not in self._medians:
            self._medians[kind] = await self._jobs.median_seconds(*kind)
        return self._medians[kind]

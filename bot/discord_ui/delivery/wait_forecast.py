"""Waiting: each waiting job's place in the queue, and about how long that takes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from bot.discord_ui.cards.card_renderer import Wait
from storage.database.jobs import Jobs
from storage.database.rows import kind_of
from storage.domain.forecast import begins
from storage.domain.job import Job, Status
from storage.domain.request import GenerationRequest

FRESH = 1.0  # seconds for which a forecast is not made anew
SLACK = 5.0  # seconds by which a turn may shift before the card is drawn again for it


class Forecast:
    """Reads the queue once for all cards, when something changed.

    Each worker is taken to make clips one after the other, each as long as its like took lately;
    of a running one there is left what it has not taken yet.
    """

    def __init__(
        self,
        jobs: Jobs,
        workers: Callable[[], Awaitable[int | None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jobs = jobs
        self._workers = workers
        self._clock = clock
        self._expired = True
        self._made = 0.0
        self._medians: dict[str, float | None] = {}
        self._told: dict[str, tuple[Wait, float]] = {}  # and the moment that was meant

    def expire(self) -> None:
        """Make the next forecast anew: a job came or went."""
        self._expired = True

    async def waits(self) -> dict[str, Wait]:
        """Return what changed for the waiting jobs, or nothing where nothing did."""
        now = time.monotonic()
        if not self._expired or now - self._made < FRESH:
            return {}
        self._expired, self._made = False, now
        self._medians.clear()
        waiting = await self._jobs.waiting()
        if not waiting:
            return {}
        unfinished = await self._jobs.unfinished()
        left = [await self._left(job) for job in unfinished if job.status is Status.RUNNING]
        lasts = [await self._median(job.request) for job in waiting]
        turns = begins(left, lasts, max(1, await self._workers() or 1))
        self._told = {
            job.id: self._telling(job, place, turn)
            for place, (job, turn) in enumerate(zip(waiting, turns, strict=True))
        }
        return {job_id: wait for job_id, (wait, _moment) in self._told.items()}

    def _telling(self, job: Job, place: int, turn: float | None) -> tuple[Wait, float]:
        """Return what a job is told, which is what it was told as long as that still holds."""
        wait = Wait(place, round(turn or 0.0) or None)
        moment = self._clock() + (turn or 0.0)
        told = self._told.get(job.id)
        if told is None or told[0].position != place or abs(told[1] - moment) > SLACK:
            return wait, moment
        known = (told[0].seconds is None) == (wait.seconds is None)
        return told if known else (wait, moment)

    async def _left(self, job: Job) -> float | None:
        """Return how long a running clip will still take."""
        median = await self._median(job.request)
        return None if median is None else median - (self._clock() - job.started)

    async def _median(self, request: GenerationRequest) -> float | None:
        """Return how long clips of this kind take; the same kind is looked up once."""
        kind = kind_of(request)
        if kind not in self._medians:
            self._medians[kind] = await self._jobs.median_seconds(request)
        return self._medians[kind]

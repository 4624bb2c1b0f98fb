"""Forecasts each waiting job's position in the queue and the seconds until it starts."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from storage.database.jobs import Jobs
from storage.database.rows import workload_key
from storage.domain.forecast import start_delays
from storage.domain.job import Job, Status
from storage.domain.request import GenerationRequest

MIN_INTERVAL = 1.0  # seconds between two forecasts
TOLERANCE = 5.0  # seconds by which a start may shift before it is reported again


@dataclass(frozen=True, slots=True)
class QueueEstimate:
    """The number of jobs before a waiting one, and the seconds until it starts where known."""

    position: int
    seconds: float | None = None


class WaitForecast:
    """Forecasts all waiting jobs at once, and only after something changed.

    It assumes that each worker makes clips one after the other, that each clip takes the recent
    median of its kind, and that a running one has the rest of that left.
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
        self._latest: dict[str, tuple[QueueEstimate, float]] = {}  # and the start, unix seconds

    def expire(self) -> None:
        """Let the next call of estimates() make a new forecast."""
        self._expired = True

    async def estimates(self) -> dict[str, QueueEstimate]:
        """Return a new forecast by job id; empty unless one is due."""
        now = time.monotonic()
        if not self._expired or now - self._made < MIN_INTERVAL:
            return {}
        self._expired, self._made = False, now
        self._medians.clear()
        waiting = await self._jobs.waiting()
        if not waiting:
            return {}
        unfinished = await self._jobs.unfinished()
        remaining = [await self._remaining(job) for job in unfinished if _runs(job)]
        durations = [await self._median(job.request) for job in waiting]
        delays = start_delays(remaining, durations, max(1, await self._workers() or 1))
        self._latest = {
            job.id: self._updated(job, position, delay)
            for position, (job, delay) in enumerate(zip(waiting, delays, strict=True))
        }
        return {job_id: estimate for job_id, (estimate, _start) in self._latest.items()}

    def _updated(self, job: Job, position: int, delay: float | None) -> tuple[QueueEstimate, float]:
        """Return the previous forecast as long as it still holds, else the new one."""
        estimate = QueueEstimate(position, round(delay or 0.0) or None)
        start = self._clock() + (delay or 0.0)
        before = self._latest.get(job.id)
        if before is None or before[0].position != position or abs(before[1] - start) > TOLERANCE:
            return estimate, start
        same = (before[0].seconds is None) == (estimate.seconds is None)
        return before if same else (estimate, start)

    async def _remaining(self, job: Job) -> float | None:
        """Return how many seconds a running job still takes; None where unknown."""
        median = await self._median(job.request)
        return None if median is None else median - (self._clock() - job.started)

    async def _median(self, request: GenerationRequest) -> float | None:
        """Return the median seconds of clips of this kind; each kind is queried once."""
        kind = workload_key(request)
        if kind not in self._medians:
            self._medians[kind] = await self._jobs.median_seconds(request)
        return self._medians[kind]


def _runs(job: Job) -> bool:
    return job.status is Status.RUNNING

"""Forecasts each waiting job's position in the queue and the seconds until it starts."""

from __future__ import annotations

import heapq
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bot.studio.models.availability import Availability, availability
from storage.database.jobs import Jobs
from storage.database.rows import workload_key
from storage.domain.catalogue import Catalogue
from storage.domain.forecast import start_delays
from storage.domain.job import Job, Status
from storage.domain.request import GenerationRequest

WINDOW = 16  # jobs at the head of the queue, each of which is forecast every time
LOOKUPS = 8  # further jobs whose position is looked up each time

# in seconds
MIN_INTERVAL = 1.0  # between two forecasts
TOLERANCE = 5.0  # by which a start may shift before it is reported again
SHORTEST_AGE, LONGEST_AGE = 10.0, 600.0  # after which a further job is looked up again

AGE_SHARE = 0.2  # of the expected wait, which that age is between these bounds


@dataclass(frozen=True, slots=True)
class QueueEstimate:
    """The number of jobs before a waiting one, and the seconds until it starts where known.

    availability is that of its model.
    """

    position: int
    seconds: float | None = None
    availability: Availability = Availability.SERVED


Forecast = tuple[QueueEstimate, float]
"""An estimate, and the start that it was made of (unix seconds)."""


class WaitForecast:
    """Forecasts the head of each model's queue at once, and a few followed jobs behind it in turn.

    It assumes that each worker makes clips one after the other, that each clip takes the recent
    median of its kind, and that a running one has the rest of that left. Where a worker is only
    started by the order, the mean of recent starts comes first. Behind the head every
    clip counts as the head's mean. A job far behind is looked up less often, because its wait
    changes little by comparison: what a forecast costs does not grow with the queue.
    """

    def __init__(
        self,
        jobs: Jobs,
        workers: Callable[[], Awaitable[Mapping[str, int] | None]],
        catalogue: Catalogue,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Ask workers how many are alive for each model; None where that is not known."""
        self._jobs = jobs
        self._workers = workers
        self._catalogue = catalogue
        self._clock = clock
        self._expired = True
        self._made = 0.0
        self._medians: dict[str, float | None] = {}
        self._head: dict[str, Forecast] = {}
        self._further: dict[str, Forecast] = {}
        self._followed: dict[str, str] = {}  # the model of each job
        self._due: list[tuple[float, str]] = []  # a heap of when to look up which job

    def expire(self) -> None:
        """Let the next call of estimates() make a new forecast."""
        self._expired = True

    def follow(self, job: Job) -> None:
        """Look up this job's position too, until it no longer waits."""
        if job.id not in self._followed:
            self._followed[job.id] = job.request.model
            heapq.heappush(self._due, (0.0, job.id))

    async def estimates(self, lookups: int = LOOKUPS) -> dict[str, QueueEstimate]:
        """Return a new forecast by job id; empty unless one is due.

        lookups is how many further jobs may be in it.
        """
        now = time.monotonic()
        due = self._expired or (lookups > 0 and bool(self._due) and self._due[0][0] <= now)
        if not due or now - self._made < MIN_INTERVAL:
            return {}
        self._expired, self._made = False, now
        self._medians.clear()
        in_flight, workers = await self._jobs.pending.in_flight(), await self._workers()
        models = {job.request.model for job in in_flight} | {*await self._jobs.pending.models()}
        head: dict[str, Forecast] = {}
        behind: dict[str, _Extrapolation] = {}
        for model in models:
            mine = [job for job in in_flight if job.request.model == model]
            heads, behind[model] = await self._forecast(model, mine, workers)
            head |= heads
        self._head = head
        found = {job_id: estimate for job_id, (estimate, _start) in self._head.items()}
        return found | await self._look_up(lookups, now, behind)

    async def _forecast(
        self, model: str, in_flight: Sequence[Job], alive: Mapping[str, int] | None
    ) -> tuple[dict[str, Forecast], _Extrapolation]:
        """Return the forecasts of the head of a model's queue, and what follows behind it."""
        queued = [job for job in in_flight if job.status is Status.QUEUED]
        head = [*queued, *await self._jobs.pending.next(WINDOW, model=model)]
        workers = max(1, (alive or {}).get(model, 1))
        served = availability(model, alive, self._catalogue)
        remaining = [await self._remaining(job) for job in in_flight if job not in queued]
        if served is Availability.ON_DEMAND:
            remaining = [await self._start(model, head)]
        durations = [await self._median(job.request) for job in head]
        delays = start_delays(remaining, durations, workers)
        forecasts = {
            job.id: self._updated(job.id, position, delay, served)
            for position, (job, delay) in enumerate(zip(head, delays, strict=True))
        }
        return forecasts, _Extrapolation.of(durations, delays, workers, served)

    async def _start(self, model: str, head: Sequence[Job]) -> float | None:
        """Return how long a worker still takes to start that the first job asked for."""
        seconds = await self._jobs.lives.mean_start(model)
        if seconds is None or not head:
            return seconds
        return seconds - (self._clock() - min(job.created for job in head))

    async def _look_up(
        self, limit: int, now: float, behind: Mapping[str, _Extrapolation]
    ) -> dict[str, QueueEstimate]:
        """Return the estimates of the followed jobs that are due and not in the head."""
        found: dict[str, QueueEstimate] = {}
        while self._due and self._due[0][0] <= now and len(found) < limit:
            _, job_id = heapq.heappop(self._due)
            position = await self._jobs.pending.position(job_id)
            if position is None:
                del self._followed[job_id]
                self._further.pop(job_id, None)
                continue
            others = behind.get(self._followed[job_id], _UNKNOWN)
            delay = others.delay(position)
            if job_id not in self._head:
                self._further[job_id] = self._updated(job_id, position, delay, others.served)
                found[job_id] = self._further[job_id][0]
            age = AGE_SHARE * (position if delay is None else delay)
            age = min(LONGEST_AGE, max(SHORTEST_AGE, age))
            heapq.heappush(self._due, (now + age, job_id))
        return found

    def _updated(
        self, job_id: str, position: int, delay: float | None, served: Availability
    ) -> Forecast:
        """Return the previous forecast as long as it still holds, else the new one."""
        estimate = QueueEstimate(position, round(delay or 0.0) or None, served)
        start = self._clock() + (delay or 0.0)
        before = self._head.get(job_id) or self._further.get(job_id)
        if before is None or before[0].position != position or abs(before[1] - start) > TOLERANCE:
            return estimate, start
        same = (before[0].seconds is None) == (estimate.seconds is None)
        same = same and before[0].availability is served
        return before if same else (estimate, start)

    async def _remaining(self, job: Job) -> float | None:
        """Return how many seconds a running job still takes; None where unknown."""
        median = await self._median(job.request)
        return None if median is None else median - (self._clock() - job.started)

    async def _median(self, request: GenerationRequest) -> float | None:
        """Return the median seconds of clips of this kind; each kind is queried once."""
        kind = workload_key(request)
        if kind not in self._medians:
            self._medians[kind] = await self._jobs.sums.median_seconds(request)
        return self._medians[kind]


@dataclass(frozen=True, slots=True)
class _Extrapolation:
    """The wait behind the head of the queue: its last job's, and what each further job adds."""

    last: int
    delay_of_last: float | None
    step: float
    served: Availability = Availability.SERVED

    @classmethod
    def of(
        cls,
        durations: Sequence[float | None],
        delays: Sequence[float | None],
        workers: int,
        served: Availability,
    ) -> _Extrapolation:
        known = [seconds for seconds in durations if seconds is not None]
        if not known or len(known) < len(durations):
            return cls(0, None, 0.0, served)
        return cls(len(delays) - 1, delays[-1], fmean(known) / workers, served)

    def delay(self, position: int) -> float | None:
        """Return in how many seconds the job at this position starts."""
        if self.delay_of_last is None:
            return None
        return self.delay_of_last + self.step * max(0, position - self.last)


_UNKNOWN = _Extrapolation(0, None, 0.0)
"""Behind the head of a queue that was empty a moment ago."""

"""Dispatch: puts waiting jobs on the queue in a fair order, and takes up what got lost.

The database is the truth. Redis may be away or emptied at any moment: dispatch waits, and what
has neither a result nor a live worker is put on the queue again under the next attempt number.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.studio.cleanup import blobs_of, delete_unused
from bot.studio.events import EventBus, JobChanged, JobProgressed
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.clip import Clip, Failure
from storage.domain.errors import JobGone, Unavailable
from storage.domain.fairness import next_jobs
from storage.domain.job import Job, Status
from storage.domain.progress import Stage
from storage.queue.client import Queue
from storage.queue.messages import HANDED_BACK, Event, Moved, Order, Started

log = logging.getLogger(__name__)

DEATHS = 3  # a job that took down its worker this often is not tried again
AHEAD = 1  # jobs that lie on the queue beyond the one that each worker is at
RECONCILE = 3.0  # seconds
PATIENCE = 0.3  # seconds between tries while Redis is away

DIED = Failure("failed_worker_died", retryable=True)
LOST = Failure("failed_lost", retryable=True)  # an order that no worker had taken yet
GONE = Failure("failed_storage", retryable=True)  # a clip that left the store before it was taken


class Dispatcher:
    """Feeds the workers and writes down what comes back."""

    def __init__(
        self,
        jobs: Jobs,
        blobs: Blobs,
        queue: Queue,
        events: EventBus,
        *,
        clock: Callable[[], float] = time.time,
        reconcile: float = RECONCILE,
    ) -> None:
        self._jobs = jobs
        self._blobs = blobs
        self._queue = queue
        self._events = events
        self._clock = clock
        self._reconcile_every = reconcile
        self._wake = asyncio.Event()
        self._missed: set[tuple[str, int]] = set()
        self._past: set[str] = set()  # jobs whose frames are there: no engine is busy with them

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever(self._listen))
            group.create_task(self._forever(self._feed))
            group.create_task(self._forever(self._watch))
            group.create_task(self._forever(self._reconcile))

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        """Repeat a piece of work, through every outage."""
        away = ""
        while True:
            try:
                await work()
                away = ""
            except Unavailable as error:
                if error.key != away:
                    log.warning("waiting: %s", error.key)
                away = error.key
                await asyncio.sleep(PATIENCE)
            except Exception:
                log.exception("dispatch goes on after an error")
                await asyncio.sleep(PATIENCE)

    async def _watch(self) -> None:
        """Wake the feeder whenever a job came or went."""
        with self._events.subscribe() as news:
            self._wake.set()
            async for item in news:
                if isinstance(item, JobChanged):
                    self._wake.set()

    async def _feed(self) -> None:
        """Put the fair next jobs on the queue, never more than a little ahead of the workers."""
        await self._wake.wait()
        self._wake.clear()
        try:
            while await self.feed_once():
                pass
        except BaseException:
            self._wake.set()
            raise

    async def feed_once(self) -> int:
        """Dispatch as many jobs as there is room for; return how many."""
        unfinished = await self._jobs.unfinished()
        waiting = [job for job in unfinished if _waits(job)]
        ahead = [job for job in unfinished if not _waits(job)]
        if not waiting:
            return 0
        self._past &= {job.id for job in ahead}
        out = [job for job in ahead if job.id not in self._past]
        room = await self._queue.workers() + AHEAD - len(out)
        if room <= 0:
            return 0
        chosen = next_jobs(waiting, ahead, room, await self._jobs.last_served())
        for job in chosen:
            await self._put(job)
        return len(chosen)

    async def _put(self, job: Job) -> None:
        attempt = job.attempt + 1
        try:
            await self._jobs.dispatched(job.id, attempt, self._clock())
        except JobGone:
            return  # cancelled meanwhile
        try:
            await self._queue.put(Order(job.id, attempt, job.request, job.size_limit))
        except Unavailable:
            await self._jobs.requeue(job.id, attempt, died=False)
            raise

    async def _listen(self) -> None:
        """Write down what workers say, as they say it."""
        async for event in self._queue.events():
            try:
                await self._hear(event)
            except JobGone:
                log.info("news of %s came after its end", event.job)

    async def _hear(self, event: Event) -> None:
        if isinstance(event, Moved):
            if (await self._jobs.get(event.job)).attempt == event.attempt:
                self._events.publish(JobProgressed(event.job, event.progress))
                if event.progress.stage is Stage.ENCODING and event.job not in self._past:
                    self._past.add(event.job)
                    self._wake.set()
        elif isinstance(event, Started):
            await self._jobs.started(event.job, event.attempt, self._clock())
            self._events.publish(JobChanged(await self._jobs.get(event.job)))
        else:
            await self._collect(event.job, event.attempt)

    async def _collect(self, job_id: str, attempt: int) -> bool:
        """Take a result if there is one; the first end wins."""
        outcome = await self._queue.outcome(job_id, attempt)
        if outcome is None:
            return False
        if isinstance(outcome, Clip) and not await self._is_there(outcome):
            outcome = GONE
        if isinstance(outcome, Failure) and outcome.retryable:
            await self._retry(job_id, attempt, outcome)
        else:
            await self._finish(job_id, outcome)
        return True

    async def _is_there(self, clip: Clip) -> bool:
        """Tell whether a clip's file is there still: another job's, of these bytes, may be deleted.

        A store that is away is taken to have it.
        """
        try:
            return await self._blobs.has(clip.blob)
        except Unavailable:
            return True

    async def _finish(self, job_id: str, outcome: Clip | Failure) -> None:
        job = await self._jobs.finish(job_id, outcome, self._clock())
        if job is not None:
            self._events.publish(JobChanged(job))
        elif isinstance(outcome, Clip):  # of a job that was cancelled or deleted meanwhile
            await delete_unused(self._jobs, self._blobs, job_id, blobs_of(outcome))

    async def _retry(self, job_id: str, attempt: int, failure: Failure) -> None:
        """Try a job again unless it took down its worker once too often."""
        job = await self._jobs.get(job_id)
        if job.status.final or job.attempt != attempt:
            return
        died = failure not in (HANDED_BACK, LOST)
        if died and job.deaths + 1 >= DEATHS:
            await self._finish(job_id, replace(failure, retryable=False))
            return
        self._past.discard(job_id)
        job = await self._jobs.requeue(job_id, attempt, died)
        self._events.publish(JobChanged(job))

    async def _reconcile(self) -> None:
        """Look for dispatched jobs that nobody works on, every few seconds."""
        await self.reconcile_once()
        self._wake.set()
        await asyncio.sleep(self._reconcile_every)

    async def reconcile_once(self) -> None:
        """Collect results that nobody told us of, and take up what got lost."""
        missed: set[tuple[str, int]] = set()
        for job in await self._jobs.unfinished():
            if _waits(job):
                continue
            # The lease first: a worker that ends between the two looks leaves a result.
            alive = await self._queue.alive(job.id, job.attempt)
            try:
                if await self._collect(job.id, job.attempt) or alive:
                    continue
                # An emptied Redis gets its leases back at the next renewal, and an order may
                # be on its way there just now: look twice.
                if (job.id, job.attempt) in self._missed:
                    await self._take_up(job)
                else:
                    missed.add((job.id, job.attempt))
            except JobGone:
                continue  # it ended while we looked
        self._missed = missed

    async def _take_up(self, job: Job) -> None:
        log.warning("%s lost on attempt %d; taking it up", job.id, job.attempt)
        await self._retry(job.id, job.attempt, DIED if job.status is Status.RUNNING else LOST)


def _waits(job: Job) -> bool:
    """Tell whether a job is in the database alone, not on the queue."""
    return job.status is Status.QUEUED and not job.dispatched

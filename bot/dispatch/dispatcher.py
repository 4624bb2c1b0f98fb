"""Puts waiting jobs on the queue in a fair order, and takes lost ones up again.

The database is the truth. Redis may be away or emptied at any moment: then the dispatcher waits,
and a job that has neither an outcome nor a live worker is queued again under the next attempt
number.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from bot.studio.chains.stories import Stories
from bot.studio.cleanup import blobs_of, delete_unused
from bot.studio.events import EventBus, JobChanged, JobProgressed
from storage.blobs import Blobs
from storage.clip_file import DamagedClip, check_clip_file
from storage.database.jobs import Jobs
from storage.database.queries.pending_jobs import DispatchWindow
from storage.domain.clip import Clip, Failure
from storage.domain.errors import JobGone, Unavailable
from storage.domain.job import MAX_DEATHS, Job, Status
from storage.domain.progress import Stage
from storage.domain.trust.filter_level import CONTENT_REFUSED, passes
from storage.logs import log_job
from storage.queue.client import Queue
from storage.queue.messages.events import Event, Progressed, Started
from storage.queue.messages.orders import AttemptState, Order
from storage.queue.messages.outcomes import HANDED_BACK

log = logging.getLogger(__name__)

MAX_ERRORS = 3  # a job is set aside when dispatching it failed so often for unknown reasons
MAX_LOSSES = 20  # a job is given up when so many orders of it vanished before a worker had them
QUEUED_AHEAD = 1  # jobs on the queue beyond the one that each worker makes
RECONCILE_SECONDS = 3.0
RETRY_PAUSE = 0.3  # seconds, while Redis is away

DIED = Failure("failed_worker_died", retryable=True)
INTERNAL = Failure("internal_error")
LOST = Failure("failed_lost", retryable=True)  # before a worker had taken the order
FILE_GONE = Failure("failed_storage", retryable=True)  # deleted before the clip was collected
UNCHECKED = Failure("failed_unchecked")
DAMAGED = Failure("failed_clip_damaged", retryable=True)


class Dispatcher:
    """Queues jobs, and writes starts, progress and outcomes of their attempts to the database."""

    def __init__(
        self,
        jobs: Jobs,
        blobs: Blobs,
        queue: Queue,
        events: EventBus,
        *,
        clock: Callable[[], float] = time.time,
        reconcile: float = RECONCILE_SECONDS,
    ) -> None:
        self._jobs = jobs
        self._blobs = blobs
        self._queue = queue
        self._events = events
        self._clock = clock
        self._reconcile_every = reconcile
        self._stories = Stories(jobs, blobs, queue, clock)
        self._wake = asyncio.Event()
        self._lost_once: set[tuple[str, int]] = set()
        self._decoded: set[tuple[str, int]] = set()  # attempts that no longer need an engine
        self._errors: Counter[str] = Counter()
        self.set_aside: set[str] = set()  # jobs that this process dispatches no more

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self._listen))
            group.create_task(self._repeat(self._dispatch))
            group.create_task(self._repeat(self._wake_on_changes))
            group.create_task(self._repeat(self._reconcile))

    async def _repeat(self, work: Callable[[], Awaitable[None]]) -> None:
        """Call this again and again, through every outage."""
        unavailable = ""
        while True:
            try:
                await work()
                unavailable = ""
            except Unavailable as error:
                if error.key != unavailable:
                    log.warning("waiting: %s", error.key)
                unavailable = error.key
                await asyncio.sleep(RETRY_PAUSE)
            except Exception:
                log.exception("dispatch goes on after an error")
                await asyncio.sleep(RETRY_PAUSE)

    async def _wake_on_changes(self) -> None:
        """Dispatch whenever a job was ordered or has ended."""
        with self._events.subscribe() as events:
            self._wake.set()
            async for event in events:
                if isinstance(event, JobChanged):
                    self._wake.set()

    async def _dispatch(self) -> None:
        """Put jobs on the queue in a fair order, few ahead of the workers."""
        await self._wake.wait()
        self._wake.clear()
        try:
            while await self.dispatch_once():
                pass
        except BaseException:
            self._wake.set()
            raise

    async def dispatch_once(self) -> int:
        """Dispatch as many jobs as there seems to be room for; return how many were tried.

        Other bots dispatch too: whether there is room for a job is decided when it is marked.
        """
        models = await self._jobs.pending.models()
        if not models:
            return 0
        in_flight = await self._in_flight()
        self._decoded &= {(job.id, job.attempt) for job in in_flight}
        workers = await self._queue.workers_by_model()
        tried = 0
        for model in models:  # one that nobody serves keeps no other waiting
            window = self._window(model, workers[model] + QUEUED_AHEAD)
            tried += await self._fill(model, window, in_flight)
        return tried

    async def _fill(self, model: str, window: DispatchWindow, in_flight: list[Job]) -> int:
        room = window.size - sum(map(window.counts, in_flight))
        if room <= 0:
            return 0
        chosen = await self._jobs.pending.next(room, self.set_aside, model)
        for job in chosen:
            async with self._guarded(job.id):
                await self._put(job, window)
        return len(chosen)

    async def _in_flight(self) -> list[Job]:
        return [job for job in await self._jobs.pending.in_flight() if job.id not in self.set_aside]

    def _window(self, model: str, size: int) -> DispatchWindow:
        """Return the window of a model, in which its jobs count that still need an engine."""

        def counts(job: Job) -> bool:
            waits = job.id not in self.set_aside and (job.id, job.attempt) not in self._decoded
            return waits and job.request.model == model

        return DispatchWindow(size, counts)

    @contextlib.asynccontextmanager
    async def _guarded(self, job_id: str) -> AsyncIterator[None]:
        """Let an unknown error in this block harm this job alone."""
        with log_job(job_id):
            try:
                yield
            except (JobGone, Unavailable):
                raise
            except Exception:
                log.exception("this job could not be dispatched; the others go on")
                self._errors[job_id] += 1
                if self._errors[job_id] >= MAX_ERRORS:
                    await self._set_aside(job_id)

    async def _set_aside(self, job_id: str) -> None:
        """Fail a job that cannot be dispatched; where even that fails, leave it alone."""
        self.set_aside.add(job_id)
        log.error("set aside after %d errors", self._errors.pop(job_id))
        try:
            await self.finish(job_id, INTERNAL)
        except Unavailable:
            raise
        except Exception:
            log.exception("it could not be ended either")

    async def _put(self, job: Job, window: DispatchWindow) -> None:
        """Mark a job as dispatched and put it on the queue, unless another bot was faster."""
        attempt = job.attempt + 1
        try:
            if not await self._jobs.dispatched(job.id, attempt, self._clock(), window):
                return
        except JobGone:
            return  # cancelled or dispatched meanwhile
        try:
            await self._queue.put(Order(job.id, attempt, job.request, job.size_limit))
        except Unavailable:
            with contextlib.suppress(JobGone):  # another bot has found it lost
                await self._jobs.requeue(job.id, attempt, died=False)
            raise

    async def _listen(self) -> None:
        """Handle the events that workers publish."""
        async for event in self._queue.events():
            with log_job(event.job):
                try:
                    await self.handle(event)
                except JobGone:
                    log.info("an event came after the job's end")
                except Unavailable:
                    raise
                except Exception:
                    log.exception("an event is skipped; the others are handled")

    async def handle(self, event: Event) -> None:
        """Take over what a worker published; raise JobGone where the job is over."""
        if isinstance(event, Progressed):
            if (await self._jobs.get(event.job)).attempt == event.attempt:
                self._events.publish(JobProgressed(event.job, event.progress))
                decoded = event.progress.stage in (Stage.FINISHING, Stage.ENCODING)
                if decoded and (event.job, event.attempt) not in self._decoded:
                    self._decoded.add((event.job, event.attempt))
                    self._wake.set()
        elif isinstance(event, Started):
            if await self._collect(event.job, event.attempt):
                return  # it has ended since, and another bot may have queued the job again
            await self._jobs.started(event.job, event.attempt, self._clock())
            # Every bot hears what workers publish.
            self._events.publish(JobChanged(await self._jobs.get(event.job), heard=True))
        else:
            await self._collect(event.job, event.attempt)

    async def _collect(self, job_id: str, attempt: int) -> bool:
        """End or retry a job by its attempt's outcome, if there is one; the first end wins."""
        outcome = await self._queue.outcome(job_id, attempt)
        if outcome is None:
            return False
        if isinstance(outcome, Clip):
            outcome = await self._checked(job_id, outcome)
        if isinstance(outcome, Clip):
            await self.finish(job_id, outcome)
        elif outcome.retryable:
            await self._retry(job_id, attempt, outcome)
        else:
            await self._fail(job_id, attempt, outcome)
        return True

    async def _checked(self, job_id: str, clip: Clip) -> Clip | Failure:
        """Return the clip if its file is stored and is what the worker says, else a failure.

        The file may be gone where another job's clip of the same bytes was deleted. While the
        store is away the clip is taken; a clip without its file is found before it is sent.
        """
        try:
            job = await self._jobs.get(job_id)
            size_limit = job.size_limit
            if not passes(clip.content_score, job.request.content_limit):
                log.error("worker %s did not look at what it made", clip.worker)
                return UNCHECKED
            if await self._blobs.size(clip.blob) != clip.bytes or clip.bytes > size_limit:
                raise DamagedClip(f"it has not its {clip.bytes} bytes, or more than {size_limit}")
            check_clip_file(await self._blobs.get(clip.blob), clip.container)
        except KeyError:
            return FILE_GONE
        except DamagedClip as error:
            log.error("the file of worker %s is no clip: %s", clip.worker, error)
            return DAMAGED
        except (JobGone, Unavailable):
            return clip
        return clip

    async def finish(self, job_id: str, outcome: Clip | Failure) -> None:
        """End a job, unless it has ended before; the bus hears of either end."""
        job = await self._jobs.finish(job_id, outcome, self._clock())
        if job is not None:
            if job.request.segments:
                await self._stories.delete_segments(job_id)
            self._events.publish(JobChanged(job))
            return
        if isinstance(outcome, Clip):  # of a job that another bot ended, or a person
            await delete_unused(self._jobs, self._blobs, job_id, blobs_of(outcome))
        with contextlib.suppress(JobGone):
            self._events.publish(JobChanged(await self._jobs.get(job_id), heard=True))

    async def _fail(self, job_id: str, attempt: int, failure: Failure) -> None:
        """End a job without a clip; a story is queued again, to end with what is made of it."""
        stopped = None
        with contextlib.suppress(JobGone):
            job = await self._jobs.get(job_id)
            if job.request.segments and (job.attempt != attempt or not job.dispatched):
                return  # another bot was faster
            if not failure.cancelled and failure.key != CONTENT_REFUSED:
                stopped = await self._stories.stop(job, attempt)
        if stopped is None:
            await self.finish(job_id, failure)
        else:
            log.warning("attempt %d failed: %s; its segments are kept", attempt, failure.key)
            self._events.publish(JobChanged(stopped))

    async def _retry(self, job_id: str, attempt: int, failure: Failure) -> None:
        """Queue a job again, or fail it when it has died once too often."""
        job = await self._jobs.get(job_id)
        if job.status.final or job.attempt != attempt or not job.dispatched:
            return  # another bot was faster
        lost, died = failure == LOST, failure not in (HANDED_BACK, LOST)
        vanishes = lost and job.losses + 1 >= MAX_LOSSES
        if vanishes or (died and job.deaths + 1 >= MAX_DEATHS):
            await self._fail(job_id, attempt, replace(failure, retryable=False))
            return
        job = await self._jobs.requeue(job_id, attempt, died, lost=lost)
        self._events.publish(JobChanged(job))

    async def _reconcile(self) -> None:
        """Look for lost jobs every few seconds, and for what ended ones left behind."""
        await self.reconcile_once()
        await self._stories.clean()
        self._wake.set()
        await asyncio.sleep(self._reconcile_every)

    async def reconcile_once(self) -> None:
        """Collect outcomes whose events were missed, and queue lost jobs again."""
        lost: set[tuple[str, int]] = set()
        for job in await self._in_flight():
            async with self._guarded(job.id):
                if await self._is_lost(job):
                    lost.add((job.id, job.attempt))
        self._lost_once = lost

    async def _is_lost(self, job: Job) -> bool:
        """Collect a job's outcome; recover it where it is lost for the second time in a row.

        Once is not enough: after Redis was emptied, leases are back at the next renewal, and the
        order may be about to be put.
        """
        # The state first: a worker that ends between the two queries leaves an outcome.
        state = await self._queue.state(job.id, job.attempt, job.request.model)
        alive = state is not AttemptState.LOST
        with contextlib.suppress(JobGone):  # it ended meanwhile
            if await self._collect(job.id, job.attempt) or alive:
                return False
            if (job.id, job.attempt) not in self._lost_once:
                return True
            log.warning("attempt %d was lost", job.attempt)
            await self._retry(job.id, job.attempt, DIED if job.status is Status.RUNNING else LOST)
        return False

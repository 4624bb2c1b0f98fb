"""A worker's end of the queue in the test's own process, and what it is observed by."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from storage.domain.clip import Clip, Failure
from storage.domain.errors import Unavailable
from storage.queue.client import Queue
from storage.queue.consumer import HEAD_START_SECONDS, ArqWorker, serve
from storage.queue.keys import EVENTS, TASK, queue_key
from storage.queue.lease import Handler
from storage.queue.messages.events import Ended, Event, write_event
from storage.queue.messages.orders import Order
from storage.queue.reporter import ProgressReporter
from storage.settings import Settings
from tests.support.examples import CLIP, REQUEST

PATIENCE = 60.0
"""Seconds after which a test gives up on anything, however slow the machine."""


def order(job: str, attempt: int = 1) -> Order:
    """Return an attempt at a job of this name."""
    return Order(job=job, attempt=attempt, request=REQUEST, size_limit=10_000_000)


@dataclass
class BlockingHandler:
    """A handler that waits until it may proceed or is cancelled."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    proceed: asyncio.Event = field(default_factory=asyncio.Event)
    orders: list[Order] = field(default_factory=list)

    async def __call__(self, order: Order, reporter: ProgressReporter) -> Clip | Failure:
        self.orders.append(order)
        self.started.set()
        if not await set_before_cancel(self.proceed, reporter.cancelled):
            return Failure("failed_cancelled", cancelled=True)
        return clip_of(order)


@dataclass
class StagedHandler:
    """A handler that a test lets go on job by job, from the engine to the file."""

    frames: dict[str, asyncio.Event] = field(default_factory=dict)
    files: dict[str, asyncio.Event] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def hold(self, *jobs: str) -> None:
        """Hold these jobs before their frames and before their files."""
        for job in jobs:
            self.frames[job], self.files[job] = asyncio.Event(), asyncio.Event()

    def release_all(self) -> None:
        """Let every job go on to its end."""
        for event in (*self.frames.values(), *self.files.values()):
            event.set()

    async def __call__(self, order: Order, reporter: ProgressReporter) -> Clip | Failure:
        job = order.job
        self.log.append(f"{job} taken")
        events = (reporter.slot.acquired, self.frames[job], self.files[job])
        for event, stage in zip(events, ("engine", "frames", "file"), strict=True):
            if not await set_before_cancel(event, reporter.cancelled):
                return Failure("failed_cancelled", cancelled=True)
            self.log.append(f"{job} {stage}")
            if stage == "engine":
                reporter.slot.announce_free_soon()
            if stage == "frames":
                reporter.slot.release()
        return clip_of(order)

    async def wait_for(self, line: str) -> None:
        """Wait until the log has this line."""

        async def logged() -> bool:
            return line in self.log

        await until(logged, True)


async def complete_at_once(order: Order, reporter: ProgressReporter) -> Clip | Failure:
    """Handle an order without any work."""
    return clip_of(order)


def clip_of(order: Order) -> Clip:
    """Return the clip that the handlers return for this attempt."""
    return replace(CLIP, worker=order.id)


async def set_before_cancel(event: asyncio.Event, cancelled: asyncio.Event) -> bool:
    """Wait for either event; tell whether it was not the cancel."""
    waits = [asyncio.create_task(one.wait()) for one in (event, cancelled)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return not cancelled.is_set()


@asynccontextmanager
async def running_worker(
    url: str,
    handler: Handler,
    stop: asyncio.Event | None = None,
    name: str = "w",
    grace: float = 0.0,
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve with this handler until the block ends; yields the serving task."""
    stop = stop or asyncio.Event()
    settings = Settings.from_environment({"REDIS_URL": url})
    task = asyncio.create_task(serve(handler, settings, name, stop, grace=grace))
    try:
        yield task
    finally:
        stop.set()
        await task


async def outcome_of(queue: Queue, job: str, attempt: int = 1) -> Clip | Failure:
    """Wait for an outcome and return it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            outcome = await queue.outcome(job, attempt)
            if outcome is not None:
                return outcome
            await asyncio.sleep(0.01)


async def put_again(queue: Queue, order: Order) -> None:
    """Put an order on a queue that is back, which a connection of before may not know yet."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await queue.put(order)
            except Unavailable:
                await asyncio.sleep(0.01)
            else:
                return


async def queued_orders(queue: Queue) -> int:
    """Return how many orders wait on the queue."""
    return int(await queue._redis.zcard(queue_key("embedded")))


async def until(ask: Callable[[], Awaitable[object]], answer: object) -> None:
    """Poll until this is the answer."""
    async with asyncio.timeout(PATIENCE):
        while await ask() != answer:  # noqa: ASYNC110  # what lies in Redis has no event
            await asyncio.sleep(0.01)


def skip_event(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Return an event that is set whenever a worker leaves an order that no idle worker took."""
    skipped, eligible = asyncio.Event(), ArqWorker._eligible

    def noticed(worker: ArqWorker, job_ids: list[bytes]) -> list[bytes]:
        chosen = eligible(worker, job_ids)
        latest = time.monotonic() - HEAD_START_SECONDS
        if not chosen and any(seen <= latest for seen in worker._first_seen.values()):
            skipped.set()
        return chosen

    monkeypatch.setattr(ArqWorker, "_eligible", noticed)
    return skipped


async def wait_for_log(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until this text was logged."""
    async with asyncio.timeout(PATIENCE):
        while text not in caplog.text:  # noqa: ASYNC110  # the log has no event
            await asyncio.sleep(0.01)


class EventRecorder:
    """Records the queue's events and when they came."""

    def __init__(self, queue: Queue) -> None:
        self.events: list[Event] = []
        self._probe = Ended(f"probe {id(self)}", 0)
        self._subscribed = asyncio.Event()
        self._new: asyncio.Queue[tuple[float, Event]] = asyncio.Queue()
        self._task = asyncio.create_task(self._record(queue))

    @classmethod
    async def subscribed(cls, queue: Queue) -> EventRecorder:
        """Return a recorder that misses no event from now on."""
        recorder = cls(queue)
        async with asyncio.timeout(PATIENCE):
            while not recorder._subscribed.is_set():  # one probe is received, not all
                await queue._redis.publish(EVENTS, write_event(recorder._probe))
                await asyncio.sleep(0.01)
        return recorder

    async def _record(self, queue: Queue) -> None:
        async for event in queue.events():
            if event == self._probe:
                self._subscribed.set()
                continue
            self.events.append(event)
            self._new.put_nowait((asyncio.get_running_loop().time(), event))

    async def next(self, kind: type[Event]) -> tuple[float, Event]:
        """Return the next event of this type and when it came."""
        async with asyncio.timeout(PATIENCE):
            while True:
                at, event = await self._new.get()
                if isinstance(event, kind):
                    return at, event

    async def close(self) -> None:
        """Stop recording."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def put_text(queue: Queue, identity: str, text: str) -> None:
    """Put a text on the queue that may be no order."""
    queued = await queue._redis.enqueue_job(
        TASK, text, _job_id=identity, _queue_name=queue_key("embedded")
    )
    assert queued is not None

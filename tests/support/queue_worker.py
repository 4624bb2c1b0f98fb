"""Workbench: a worker's end of the queue within the test's own process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from storage.domain.clip import Clip, Failure
from storage.queue.client import Queue
from storage.queue.consumer import HEAD_START_SECONDS, ArqWorker, serve
from storage.queue.lease import Handler
from storage.queue.messages import EVENTS, QUEUE, Ended, Event, Order, write_event
from storage.queue.reporter import ProgressReporter
from storage.settings import Settings
from tests.support.examples import CLIP, REQUEST


def order(job: str, attempt: int = 1) -> Order:
    """Return an attempt at a job of this name."""
    return Order(job=job, attempt=attempt, request=REQUEST, size_limit=10_000_000)


@dataclass
class Hand:
    """A handler that works until it is let go, or told to stop."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    orders: list[Order] = field(default_factory=list)

    async def __call__(self, order: Order, reporter: ProgressReporter) -> Clip | Failure:
        """Wait, then return a clip that is the order's own."""
        self.orders.append(order)
        self.started.set()
        waits = [asyncio.create_task(event.wait()) for event in (self.let_go, reporter.cancelled)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if reporter.cancelled.is_set():
            return Failure("failed_cancelled", cancelled=True)
        return clip_of(order)


async def quick(order: Order, reporter: ProgressReporter) -> Clip | Failure:
    """Finish at once."""
    return clip_of(order)


def clip_of(order: Order) -> Clip:
    """Return the clip that this attempt gives."""
    return replace(CLIP, worker=order.id)


@asynccontextmanager
async def working(
    url: str,
    handler: Handler,
    stop: asyncio.Event | None = None,
    name: str = "w",
    grace: float = 0.0,
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve with this handler until the block ends; yields the serving task."""
    stop = stop or asyncio.Event()
    settings = Settings.from_environment({"REDIS_URL": url})
    task = asyncio.create_task(serve(handler, settings, name, stop, grace))
    try:
        yield task
    finally:
        stop.set()
        await task


async def ended(queue: Queue, job: str, attempt: int = 1) -> Clip | Failure:
    """Wait for an outcome and return it."""
    async with asyncio.timeout(20):
        while True:
            outcome = await queue.outcome(job, attempt)
            if outcome is not None:
                return outcome
            await asyncio.sleep(0.01)


async def waiting(queue: Queue) -> int:
    """Return how many orders lie on the queue."""
    return int(await queue._redis.zcard(QUEUE))


async def until(ask: Callable[[], Awaitable[object]], answer: object) -> None:
    """Ask again and again until this is the answer."""
    async with asyncio.timeout(20):
        while await ask() != answer:  # noqa: ASYNC110  # what lies in Redis has no event
            await asyncio.sleep(0.01)


def passed_over(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Return what is set whenever a worker leaves an order that no idle worker took."""
    left, wanted = asyncio.Event(), ArqWorker._eligible

    def noticed(picker: ArqWorker, names: list[bytes]) -> list[bytes]:
        chosen = wanted(picker, names)
        latest = time.monotonic() - HEAD_START_SECONDS
        if not chosen and any(since <= latest for since in picker._first_seen.values()):
            left.set()
        return chosen

    monkeypatch.setattr(ArqWorker, "_eligible", noticed)
    return left


async def said(caplog: pytest.LogCaptureFixture, words: str) -> None:
    """Wait until something logs these words."""
    async with asyncio.timeout(20):
        while words not in caplog.text:  # noqa: ASYNC110  # the log has no event
            await asyncio.sleep(0.01)


class Ear:
    """Listens to the queue's events."""

    def __init__(self, queue: Queue) -> None:
        self.heard: list[Event] = []
        self._knock = Ended(f"knock {id(self)}", 0)
        self._awake = asyncio.Event()
        self._events: asyncio.Queue[tuple[float, Event]] = asyncio.Queue()
        self._task = asyncio.create_task(self._listen(queue))

    @classmethod
    async def opened(cls, queue: Queue) -> Ear:
        """Return an ear that misses nothing from now on: a subscription is not announced to us."""
        ear = cls(queue)
        async with asyncio.timeout(20):
            while not ear._awake.is_set():  # one knock is heard, not all
                await queue._redis.publish(EVENTS, write_event(ear._knock))
                await asyncio.sleep(0.01)
        return ear

    async def _listen(self, queue: Queue) -> None:
        async for event in queue.events():
            if event == self._knock:
                self._awake.set()
                continue
            self.heard.append(event)
            self._events.put_nowait((asyncio.get_running_loop().time(), event))

    async def next(self, kind: type[Event]) -> tuple[float, Event]:
        """Return the next event of this kind and when it was heard."""
        async with asyncio.timeout(20):
            while True:
                at, event = await self._events.get()
                if isinstance(event, kind):
                    return at, event

    async def close(self) -> None:
        """Stop listening."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

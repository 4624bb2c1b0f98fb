"""Report: what a handler tells of the job it works on, and what it hears of it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from dataclasses import replace

from arq.connections import ArqRedis

from storage.domain.progress import Progress
from storage.queue.client import AWAY
from storage.queue.messages import (
    EVENTS,
    PREVIEW_SECONDS,
    Moved,
    Order,
    Started,
    preview_key,
    write_event,
)
from storage.queue.slots import Turns

REPEAT_SECONDS = 1.0  # how soon a start is told again that nobody heard, where nothing else is told


class Report:
    """The latest progress on its way out, and the flag to stop on its way in.

    Telling never waits for Redis: where the wire is slow or away, only the latest is sent.
    on_cancel is set once the job is to stop, because of a person or of the worker's own end.
    turn is the order's turn at the engine: until it comes the job counts as waiting.
    """

    def __init__(self, redis: ArqRedis, order: Order, worker: str, turns: Turns) -> None:
        """Report on this order, which takes its place in this worker's line."""
        self._redis = redis
        self._order = order
        self._worker = worker
        self._started: Started | None = None
        self._latest: Progress | None = None
        self._preview: bytes | None = None
        self._news = asyncio.Event()
        self.on_cancel = asyncio.Event()
        self.turn = turns.join(self._begin)

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        """Tell how far the job has come, with an animated WebP of a few small frames if any."""
        self._latest = progress
        self._preview = preview or self._preview
        self._news.set()

    def cancelled(self) -> bool:
        """Tell whether the job is to stop at its next step."""
        return self.on_cancel.is_set()

    @property
    def started(self) -> Started | None:
        """Return that the job has started, as long as nobody was known to hear it."""
        return self._started

    def started_told(self, hearers: int) -> None:
        """Take up how many heard that the job has started; it is told until somebody did."""
        if hearers:
            self._started = None

    async def send(self) -> None:
        """Send what there is to tell, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPEAT_SECONDS if self._started else None):
                    await self._news.wait()
            self._news.clear()
            with contextlib.suppress(*AWAY):
                await self._publish()

    def _begin(self) -> None:
        self._started = Started(self._order.job, self._order.attempt, self._worker, time.time())
        self._news.set()

    async def _publish(self) -> None:
        if self._started is not None:
            self.started_told(await self._redis.publish(EVENTS, write_event(self._started)))
        progress, preview, self._preview = self._latest, self._preview, None
        if progress is None:
            return
        if preview is not None:
            key = preview_key(self._order.id)
            await self._redis.set(key, preview, ex=PREVIEW_SECONDS)
            progress = replace(progress, preview=hashlib.sha256(preview).hexdigest())
        moved = Moved(self._order.job, self._order.attempt, progress)
        await self._redis.publish(EVENTS, write_event(moved))

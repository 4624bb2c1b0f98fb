"""Progress of one order on its way to the bot, and the bot's cancel on its way to the handler."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from dataclasses import replace

from arq.connections import ArqRedis

from storage.domain.progress import Progress
from storage.queue.connection import CONNECTION_ERRORS
from storage.queue.keys import EVENTS, PREVIEW_SECONDS, preview_key
from storage.queue.messages.events import Progressed, Started, write_event
from storage.queue.messages.orders import Order
from storage.queue.segments import JobSegments
from storage.queue.slots import SlotQueue

REPEAT_SECONDS = 1.0  # between two announcements of a start without receivers


class ProgressReporter:
    """What a handler gets beside its order.

    Reporting never waits for Redis: where Redis is slow or away, only the latest progress is sent.
    cancelled is set once the handler is to stop, because of a person or of the worker's own end.
    slot is the order's use of the engine: until it is acquired, the job counts as waiting.
    segments are those of a story that are finished.
    """

    def __init__(self, redis: ArqRedis, order: Order, worker: str, slots: SlotQueue) -> None:
        """Report on this order, and request a slot for it."""
        self._redis = redis
        self._order = order
        self._worker = worker
        self._started: Started | None = None
        self._latest: Progress | None = None
        self._preview: bytes | None = None
        self._changed = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.slot = slots.request(self._start)
        self.segments = JobSegments(redis, order.job)

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        """Report progress, with an animated WebP of a few small frames if there is one."""
        self._latest = progress
        self._preview = preview or self._preview
        self._changed.set()

    @property
    def unreceived_start(self) -> Started | None:
        """Return the start of the job, until a receiver is known."""
        return self._started

    def start_sent(self, receivers: int) -> None:
        """Take the number of receivers; the start is repeated while there are none."""
        if receivers:
            self._started = None

    async def run(self) -> None:
        """Send what there is to report, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPEAT_SECONDS if self._started else None):
                    await self._changed.wait()
            self._changed.clear()
            with contextlib.suppress(*CONNECTION_ERRORS):
                await self._send()

    def _start(self) -> None:
        self._started = Started(self._order.job, self._order.attempt, self._worker, time.time())
        self._changed.set()

    async def _send(self) -> None:
        if self._started is not None:
            self.start_sent(await self._redis.publish(EVENTS, write_event(self._started)))
        progress, preview, self._preview = self._latest, self._preview, None
        if progress is None:
            return
        if preview is not None:
            key = preview_key(self._order.id)
            await self._redis.set(key, preview, ex=PREVIEW_SECONDS)
            progress = replace(progress, preview=hashlib.sha256(preview).hexdigest())
        event = Progressed(self._order.job, self._order.attempt, progress)
        await self._redis.publish(EVENTS, write_event(event))

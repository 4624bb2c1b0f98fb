"""Report: what a handler tells of the job it works on, and what it hears of it."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

from arq.connections import ArqRedis

from storage.domain.progress import Progress
from storage.orders import EVENTS, PREVIEW_SECONDS, Moved, Order, preview_key, write_event
from storage.queue import AWAY


class Report:
    """The latest progress on its way out, and the flag to stop on its way in.

    Telling never waits for Redis: where the wire is slow or away, only the latest is sent.
    on_cancel is set once the job is to stop, because of a person or of the worker's own end.
    """

    def __init__(self, redis: ArqRedis, order: Order) -> None:
        """Report on this order."""
        self._redis = redis
        self._order = order
        self._latest: Progress | None = None
        self._preview: bytes | None = None
        self._news = asyncio.Event()
        self.on_cancel = asyncio.Event()

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        """Tell how far the job has come, with an animated WebP of a few small frames if any."""
        self._latest = progress
        self._preview = preview or self._preview
        self._news.set()

    def cancelled(self) -> bool:
        """Tell whether the job is to stop at its next step."""
        return self.on_cancel.is_set()

    async def send(self) -> None:
        """Send what there is to tell, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._publish()
            except AWAY:
                continue

    async def _publish(self) -> None:
        progress, preview, self._preview = self._latest, self._preview, None
        if progress is None:
            return
        if preview is not None:
            key = preview_key(self._order.id)
            await self._redis.set(key, preview, ex=PREVIEW_SECONDS)
            progress = replace(progress, preview=hashlib.sha256(preview).hexdigest())
        moved = Moved(self._order.job, self._order.attempt, progress)
        await self._redis.publish(EVENTS, write_event(moved))

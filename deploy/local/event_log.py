"""The events that workers publish on the queue, with the time at which each arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from deploy.local.stack.waiting import poll
from storage.queue.client import Queue
from storage.queue.messages import Event

AnyEvent = TypeVar("AnyEvent", bound=Event)


class EventLog:
    """All events since the log was opened, each after its arrival in unix seconds."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.entries: list[tuple[float, Event]] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[EventLog]:
        """Connect to the queue and record its events until the block ends."""
        log = cls(await Queue.connect(url))
        recording = asyncio.create_task(log._record())
        try:
            yield log
        finally:
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
            await log.queue.close()

    async def _record(self) -> None:
        async for event in self.queue.events():
            self.entries.append((time.time(), event))

    async def wait_for(
        self, kind: type[AnyEvent], job: str, seconds: float
    ) -> tuple[float, AnyEvent]:
        """Wait for the first entry of this kind about a job."""

        def find() -> tuple[float, AnyEvent] | None:
            for at, event in self.entries:
                if isinstance(event, kind) and event.job == job:
                    return at, event
            return None

        return await poll(find, seconds, f"{kind.__name__} of {job}")

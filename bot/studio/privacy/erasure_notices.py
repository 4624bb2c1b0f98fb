"""Tells every process that a person was erased, so that what it holds of them is dropped too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from storage.domain.errors import Unavailable
from storage.queue.client import Queue

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0

Listener = Callable[[str], Awaitable[None]]
"""Drops what is held of the owner of this name; called any number of times."""


class ErasureNotices:
    """What the database does not hold (uploads, what is shown) is dropped by its listeners."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._listeners: list[Listener] = []
        self._untold: dict[str, None] = {}

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a listener from now on; return what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def tell(self, owner: str) -> None:
        """Call the listeners of all processes; those of others later, while Redis is away."""
        await self._call(owner)
        try:
            await self._queue.announce_forgotten(owner)
        except Unavailable:
            log.warning("other processes are told later that a person was erased")
            self._untold[owner] = None

    async def run(self) -> None:
        """Hear what other processes tell, and tell what they were not told, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear())
            group.create_task(self._retry())

    async def _hear(self) -> None:
        async for notice in self._queue.forgotten():
            await self._call(notice.owner)

    async def _retry(self) -> None:
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            for owner in list(self._untold):
                try:
                    await self._queue.announce_forgotten(owner)
                except Unavailable:
                    break
                del self._untold[owner]

    async def _call(self, owner: str) -> None:
        for listener in list(self._listeners):
            try:
                await listener(owner)
            except Exception:  # the others are called all the same
                log.exception("something of a person who was erased is dropped later")

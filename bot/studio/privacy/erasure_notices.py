"""Tells every process that a person was erased, so that what it holds of them is dropped too."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from storage.domain.errors import Unavailable
from storage.queue.client import Queue

log = logging.getLogger(__name__)

Listener = Callable[[str, float], Awaitable[None]]
"""Drops what is held of an owner since before a time; called any number of times."""


class ErasureNotices:
    """What the database does not hold (uploads, what is shown) is dropped by its listeners."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a listener from now on; return what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def tell(self, owner: str, asked: float) -> bool:
        """Call the listeners of all processes; return False where Redis is away for the others.

        asked is when the person asked, in unix seconds: what they gave later is not dropped.
        """
        await self._call(owner, asked)
        try:
            await self._queue.announce_forgotten(owner, asked)
        except Unavailable:
            return False
        return True

    async def run(self) -> None:
        """Hear what other processes tell, until cancelled."""
        async for notice in self._queue.forgotten():
            await self._call(notice.owner, notice.asked)

    async def _call(self, owner: str, asked: float) -> None:
        for listener in list(self._listeners):
            try:
                await listener(owner, asked)
            except Exception:  # the others are called all the same
                log.exception("something of a person who was erased is dropped later")

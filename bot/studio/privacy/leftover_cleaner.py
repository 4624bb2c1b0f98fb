"""Deletes what deleted jobs left in the blob store and in Redis."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from bot.studio.chains.stories import Stories
from bot.studio.keep_running import keep_running
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.styles.style_library import StyleLibrary
from storage.blobs import Blobs
from storage.database.privacy.leftovers import BATCH, LeftoverTable
from storage.domain.errors import Unavailable
from storage.domain.privacy.leftover import Leftover, LeftoverKind
from storage.queue.client import Queue

INTERVAL = 5.0  # seconds between two looks
PAUSE = 10.0  # seconds until what could not be deleted is tried again
KINDS = (LeftoverKind.ATTEMPTS, LeftoverKind.BLOB, LeftoverKind.STYLE)


class LeftoverCleaner:
    """Deletes each leftover, any number of times, by any number of bots, until it is gone."""

    def __init__(
        self,
        table: LeftoverTable,
        *,
        blobs: Blobs,
        queue: Queue,
        stories: Stories,
        styles: StyleLibrary,
        locks: KeyedLocks,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Share the studio's locks of pictures."""
        self._table = table
        self._blobs = blobs
        self._queue = queue
        self._stories = stories
        self._styles = styles
        self._locks = locks
        self._clock = clock

    async def run(self) -> None:
        """Delete until cancelled."""
        await keep_running(self.clean_all, INTERVAL, "what deleted jobs left is deleted later")

    async def clean_all(self) -> None:
        """Delete all that is due."""
        while await self.clean() == BATCH:
            pass

    async def clean(self) -> int:
        """Delete what is due; return how much that was."""
        due = await self._table.due(KINDS, self._clock())
        for left in due:
            gone = False
            with contextlib.suppress(Unavailable):
                gone = await self._delete(left)
            if gone:
                await self._table.drop(left)
            else:
                await self._table.postpone(left, self._clock() + PAUSE)
        return len(due)

    async def _delete(self, left: Leftover) -> bool:
        """Delete one leftover; return False where it may come back yet."""
        if left.kind is LeftoverKind.ATTEMPTS:
            job, _, attempt = left.name.rpartition(".")
            await self._stories.delete_segments(job)
            return await self._queue.forget(job, int(attempt), left.place)
        async with self._locks.of(left.name):
            await self._delete_blob(left)
        return True

    async def _delete_blob(self, left: Leftover) -> None:
        """Delete a blob; put it back where another bot's order has come to need it meanwhile."""
        if await self._is_needed(left):
            return
        try:
            data = await self._blobs.get(left.name)
        except KeyError:  # missing, or damaged
            data = None
        await self._blobs.delete(left.name)
        if data is not None and await self._is_needed(left):
            await self._blobs.put(data)

    async def _is_needed(self, left: Leftover) -> bool:
        if await self._table.is_needed(left.name, left.place):
            return True
        return left.kind is LeftoverKind.STYLE and await self._styles.needs(left.name)

"""Orders that were begun: written before they are acknowledged, ended when placed or refused."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.studio.cleanup import delete_unused
from bot.studio.keyed_locks import KeyedLocks
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.begun_order import BegunOrder
from storage.domain.job import ReplyTarget


class BegunOrders:
    """The begun orders of this process and those that earlier processes left over."""

    def __init__(
        self,
        jobs: Jobs,
        blobs: Blobs,
        pictures: KeyedLocks,
        clock: Callable[[], float] = time.time,
        process: Callable[[], str] = str,
    ) -> None:
        """Share the studio's locks of pictures; process is this bot's id in the list of bots."""
        self._jobs = jobs
        self._blobs = blobs
        self._pictures = pictures
        self._clock = clock
        self._process = process
        self._open: set[str] = set()

    async def begin(
        self, key: str, owner: str, locale: str, reply_to: ReplyTarget, target: str = ""
    ) -> bool:
        """Commit a begun order; return False for one that was begun before.

        The gateway may repeat an event, and sends each to every process while one replaces another.
        """
        process, now = self._process(), self._clock()
        begun_order = BegunOrder(key, owner, locale, reply_to, process, now, target)
        self._open.add(key)
        try:
            return await self._jobs.begun_orders.begin(begun_order)
        except BaseException:
            self._open.discard(key)
            raise

    async def claim(self, begun_order: BegunOrder) -> bool:
        """Record that the person is about to be told; False where this bot must not do it."""
        process, now = self._process(), self._clock()
        return await self._jobs.begun_orders.claim(begun_order, process, now)

    async def drop(self, key: str) -> None:
        """End a begun order that is open still, and delete its uploads where no job needs them."""
        for picture in await self._jobs.begun_orders.end(key, self._clock()):
            async with self._pictures.of(picture):
                await delete_unused(self._jobs, self._blobs, "", [picture])
        self.release(key)

    async def forget(self, key: str) -> None:
        """Let an order of this key, if it has ended, be begun again."""
        await self._jobs.begun_orders.forget(key)

    def release(self, key: str) -> None:
        """Record that this process does not work on the begun order any more."""
        self._open.discard(key)

    async def left_over(self, front: str) -> list[BegunOrder]:
        """Return the begun orders that neither a task of this bot nor another bot works on."""
        begun = await self._jobs.begun_orders.all(front)
        found = [begun_order for begun_order in begun if begun_order.id not in self._open]
        others = await self._jobs.bots.listed() - {self._process()} if found else set()
        return [begun_order for begun_order in found if begun_order.process not in others]

"""Orders that were begun: written before they are acknowledged, ended when placed or refused."""

from __future__ import annotations

import secrets
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
    ) -> None:
        """Share the studio's locks of pictures."""
        self._jobs = jobs
        self._blobs = blobs
        self._pictures = pictures
        self._clock = clock
        self._process = secrets.token_hex(8)
        self._open: set[str] = set()

    async def begin(
        self, key: str, owner: str, locale: str, reply_to: ReplyTarget, target: str = ""
    ) -> bool:
        """Commit a begun order; return False for one that was begun before.

        The gateway may repeat an event, and sends each to every process while one replaces another.
        """
        begun_order = BegunOrder(key, owner, locale, reply_to, self._process, self._clock(), target)
        self._open.add(key)
        try:
            return await self._jobs.begun_orders.begin(begun_order)
        except BaseException:
            self._open.discard(key)
            raise

    async def claim(self, begun_order: BegunOrder) -> bool:
        """Record that the person is about to be told; False where the order was placed."""
        return await self._jobs.begun_orders.claim(begun_order.id, self._clock())

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

    async def left_over(self, front: str, age: float) -> list[BegunOrder]:
        """Return the begun orders of this age in seconds that no task of this process works on.

        Another process may be working on a younger one.
        """
        latest = self._clock() - age
        return [
            begun_order
            for begun_order in await self._jobs.begun_orders.all(front)
            if begun_order.id not in self._open and begun_order.begun <= latest
        ]

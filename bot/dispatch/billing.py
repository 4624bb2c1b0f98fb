"""Stores how long workers ran and what that cost, and shares it out among their clips."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from storage.database.jobs import Jobs
from storage.domain.cost.bill import ClipBill, WorkerLife
from storage.domain.cost.offer import PriceList
from storage.domain.errors import Unavailable
from storage.queue.client import Queue

log = logging.getLogger(__name__)

COLLECT_SECONDS = 5.0
STORE_SECONDS = 60.0  # between two notes of how far a life has come; nothing else may have changed


class Billing:
    """Collects the lives of workers from the queue."""

    def __init__(
        self,
        jobs: Jobs,
        queue: Queue,
        prices: PriceList,
        on_bills: Callable[[list[ClipBill]], None],
    ) -> None:
        """Bill each worker by its own offer; on_bills hears of the clips' new bills."""
        self._jobs = jobs
        self._queue = queue
        self._prices = prices
        self._on_bills = on_bills
        self._stored: dict[str, WorkerLife] = {}  # of workers that go on
        self._ended_once: set[str] = set()
        self._unpriced: set[str] = set()

    async def run(self) -> None:
        """Collect until cancelled, through every outage."""
        while True:
            await self._logged(self.collect)
            await asyncio.sleep(COLLECT_SECONDS)

    async def _logged(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Unavailable as error:
            log.debug("workers are billed later: %s", error.key)
        except Exception:
            log.exception("workers are billed later")

    async def collect(self) -> None:
        """Store all lives; one that has ended is billed when it is seen so for the second time.

        By then the outcomes that it left have been collected, and a worker that is merely about
        to end has said when it did. One that is gone from Redis has ended too.
        """
        found = {life.id: life for life in await self._queue.lives()}
        for name, life in self._stored.items():
            found.setdefault(name, replace(life, ended=True))
        ended = {life.id for life in found.values() if life.ended}
        for life in found.values():
            if life.id in ended - self._ended_once or not self._is_news(life):
                continue
            self._on_bills(await self._jobs.lives.record(life, self._price(life)))
            self._stored[life.id] = life
            if life.ended:
                await self._queue.drop_life(life.id)
                del self._stored[life.id]
        self._ended_once = ended

    def _is_news(self, life: WorkerLife) -> bool:
        """Tell whether a life has come further than what is stored by more than a moment."""
        known = self._stored.get(life.id)
        if known is None or life.ended or life.ready != known.ready:
            return True
        return life.seen - known.seen >= STORE_SECONDS

    def _price(self, life: WorkerLife) -> float:
        """Return what a life cost up to now; nothing where its offer is not in the list."""
        offer = self._prices.offers.get(life.offer)
        if offer is not None:
            return offer.money(life.seconds)
        if life.offer and life.offer not in self._unpriced:
            self._unpriced.add(life.offer)
            log.warning("the price list has no offer %.100a; its workers cost nothing", life.offer)
        return 0.0

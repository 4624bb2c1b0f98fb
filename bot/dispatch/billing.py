"""Stores how long workers ran and what that cost, and shares it out among their clips."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from storage.database.jobs import Jobs
from storage.domain.cost.bill import ClipBill, WorkerLife
from storage.domain.cost.offer import PriceList
from storage.domain.errors import Unavailable
from storage.queue.client import Queue

log = logging.getLogger(__name__)

COLLECT_SECONDS = 5.0


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
        to end has said when it did.
        """
        ended: set[str] = set()
        for life in await self._queue.lives():
            over = life.ended and life.id in self._ended_once
            if life.ended and not over:
                ended.add(life.id)
                continue
            self._on_bills(await self._jobs.lives.record(life, self._price(life)))
            if over:
                await self._queue.drop_life(life.id)
        self._ended_once = ended

    def _price(self, life: WorkerLife) -> float:
        """Return what a life cost up to now; nothing where its offer is not in the list."""
        offer = self._prices.offers.get(life.offer)
        if offer is not None:
            return offer.money(life.seconds)
        if life.offer and life.offer not in self._unpriced:
            self._unpriced.add(life.offer)
            log.warning("the price list has no offer %.100a; its workers cost nothing", life.offer)
        return 0.0

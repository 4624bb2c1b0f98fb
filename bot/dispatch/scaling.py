"""How many workers should run now, how long idle ones should stay, and how to rent them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from storage.database.jobs import Jobs
from storage.domain.cost.advice import RentalAdvice, advise
from storage.domain.cost.offer import DAY_SECONDS, PriceList, Tenure
from storage.domain.cost.replay import GAPS, Arrival
from storage.domain.cost.scaling import QueueLoad, ScalingPolicy, gaps_between
from storage.domain.errors import Unavailable
from storage.domain.job import Job, Status
from storage.queue.client import Queue

log = logging.getLogger(__name__)

UNKNOWN_START = 20.0  # seconds, until workers were seen to start
UNKNOWN_CLIP = 50.0  # seconds, until clips of the kind were made
RENTAL = "rental"  # the name of the decision how to rent
ADVICE_SECONDS = 3600.0  # between two looks at how to rent
LOOK_BACK = 7 * DAY_SECONDS
MOST_ORDERS = 20_000  # that are played through again; more than a card makes in a week


class Scaling:
    """Asks the scaling policy about the jobs and workers that there are."""

    def __init__(
        self,
        jobs: Jobs,
        queue: Queue,
        *,
        prices: PriceList,
        offer: str,
        wait_limit: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Bill by this offer of the price list, or by none; wait_limit is the policy's."""
        self._jobs = jobs
        self._queue = queue
        self._prices = prices
        self._offer = prices.offers.get(offer)
        self._wait_limit = wait_limit
        self._clock = clock
        self.advice: RentalAdvice | None = None

    async def wanted(self) -> Counter[str]:
        """Return how many workers should run for each model; raise Unavailable without database."""
        sizes = await self._jobs.pending.sizes()
        if not sizes:
            return Counter()
        in_flight, workers = await self._jobs.pending.in_flight(), await self._workers()
        found = Counter[str]()
        for model, size in sizes.items():
            mine = [job for job in in_flight if job.request.model == model]
            found[model] = await self._wanted(model, size.waiting, mine, workers[model])
        return found

    async def _wanted(self, model: str, waiting: int, in_flight: list[Job], workers: int) -> int:
        running = [job for job in in_flight if job.status is Status.RUNNING]
        known = in_flight or await self._jobs.pending.next(1, model=model)
        seconds = await self._clip_seconds(known)
        now = self._clock()
        remaining = tuple(max(0.0, job.started + seconds - now) for job in running)
        policy = await self._policy(model)
        idle = max(0, workers - len(running))
        return policy.wanted(QueueLoad(waiting, remaining, idle, seconds))

    async def idle_seconds(self, model: str = "") -> float:
        """Return how long an idle worker for a model, or else the default one, should stay."""
        since = self._clock() - LOOK_BACK
        recent = await self._jobs.sums.orders_since(since, 2 * GAPS)
        gaps = gaps_between((created, ended) for created, ended, _ in recent)
        return (await self._policy(model)).idle_seconds(gaps[-GAPS:])

    async def run(self) -> None:
        """Look every hour whether another way to rent is cheaper, until cancelled."""
        while True:
            try:
                await self.look_at_rental()
            except Unavailable as error:
                log.debug("how to rent is not looked at now: %s", error.key)
            await asyncio.sleep(ADVICE_SECONDS)

    async def look_at_rental(self) -> None:
        """Compare both ways to rent for the orders of the last days; log a new answer.

        The answer is every bot's, and the next one starts from it.
        """
        fixed = self._offer and self._prices.fixed_for(self._offer)
        if self._offer is None or fixed is None:
            return
        now = self._clock()
        recent = await self._jobs.sums.orders_since(now - LOOK_BACK, MOST_ORDERS)
        orders = [Arrival(created, seconds) for created, _, seconds in recent]
        decided = await self._jobs.decisions.get(RENTAL)
        before = Tenure.FIXED if decided == Tenure.FIXED else Tenure.ON_DEMAND
        days = max(1.0, (now - orders[0].at) / DAY_SECONDS) if orders else 1.0
        policy = await self._policy()
        self.advice = await asyncio.to_thread(
            advise, orders, days, policy, offers=(self._offer, fixed), now=before
        )
        tenure = self.advice.tenure
        if tenure is not before and await self._jobs.decisions.change(RENTAL, decided, tenure):
            log.warning(
                "%s is cheaper now: recent orders cost $%.2f a day on demand, %s $%.2f",
                "a fixed card" if tenure is Tenure.FIXED else "on demand",
                *(self.advice.on_demand, fixed.name, self.advice.fixed),
            )

    async def _policy(self, model: str = "") -> ScalingPolicy:
        start = await self._jobs.lives.mean_start(model)
        return ScalingPolicy(UNKNOWN_START if start is None else start, self._wait_limit)

    async def _clip_seconds(self, jobs: Sequence[Job]) -> float:
        """Return what clips of the first job's kind took lately."""
        found = await self._jobs.sums.median_seconds(jobs[0].request) if jobs else None
        return UNKNOWN_CLIP if found is None else found

    async def _workers(self) -> Counter[str]:
        try:
            return await self._queue.workers_by_model()
        except Unavailable:
            return Counter()

"""The orders that the page shows above the history: unfinished ones, and those that ended of late.

It follows the studio's events for all persons at once; what is kept is bounded by what may be
unfinished, and by ENDED_SHOWN for each person.
"""

from __future__ import annotations

import logging
import secrets
from collections import defaultdict
from dataclasses import dataclass

from bot.studio.delivery.job_follower import JobFollower
from bot.studio.events import HeldJobsChanged, JobEvent, JobProgressed
from bot.studio.studio import Studio
from bot.studio.wait_forecast import QueueEstimate
from storage.domain.advice import Advice
from storage.domain.errors import HolderChanged, JobGone, Unavailable
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.progress import Progress
from storage.logs import log_job

log = logging.getLogger(__name__)

FRONT_END = "web"
ENDED_SHOWN = 6  # of one person
FORECAST_SECONDS = 1.0
RETRY_SECONDS = 5.0  # between looks for outcomes that were not recorded as delivered


@dataclass
class LiveOrder:
    """One order with the latest that is known of it; preview is an animated WebP.

    seen tells whether its failure was shown.
    """

    job: Job
    advice: tuple[Advice, ...] = ()
    progress: Progress | None = None
    estimate: QueueEstimate | None = None
    preview: bytes | None = None
    previews: int = 0
    lost: bool = False
    seen: bool = False


class LiveOrders(JobFollower):
    """Keeps the live orders of every person, and records the outcomes of theirs as delivered."""

    def __init__(self, studio: Studio) -> None:
        loops = (
            (self._update_estimates, FORECAST_SECONDS),
            (self._deliver_leftovers, RETRY_SECONDS),
        )
        super().__init__(studio, loops=loops)
        self._orders: dict[str, LiveOrder] = {}  # by job id, in the order in which they came
        self._process = secrets.token_hex(4)  # a page that missed a restart knows no version
        self._versions: defaultdict[str, int] = defaultdict(int)
        self._forecast = studio.reports.wait_forecast()
        self._delivering: set[str] = set()
        self._forgotten: dict[str, float] = {}  # when who asked last to be erased

    def reply_to(self) -> ReplyTarget:
        """Return where orders of the page are answered: here."""
        return ReplyTarget(front=FRONT_END)

    def of(self, owner: str) -> list[LiveOrder]:
        """Return a person's orders, the newest first."""
        return [one for one in reversed(self._orders.values()) if one.job.owner == owner]

    def get(self, owner: str, job_id: str) -> LiveOrder | None:
        """Return one order of a person."""
        found = self._orders.get(job_id)
        return found if found is not None and found.job.owner == owner else None

    def version(self, owner: str) -> str:
        """Return what changes whenever one of a person's orders begins or ends."""
        return f"{self._process}-{self._versions[owner]}"

    def dismiss(self, owner: str, job_id: str) -> None:
        """Show an order that ended no more."""
        found = self.get(owner, job_id)
        if found is not None and found.job.status.final:
            self._drop(job_id)

    def forget(self, owner: str, job_id: str) -> None:
        """Show an order no more that was deleted."""
        if self.get(owner, job_id) is not None:
            self._drop(job_id)
        self._versions[owner] += 1

    def forget_person(self, owner: str, asked: float) -> None:
        """Show nothing any more that a person ordered until they asked to be erased.

        What is still told of it is not shown either.
        """
        self._forgotten[owner] = max(asked, self._forgotten.get(owner, 0.0))
        for order in self.of(owner):
            if order.job.created <= asked:
                self._drop(order.job.id)
        self._versions[owner] += 1

    async def show(self, owner: str) -> list[LiveOrder]:
        """Return a person's orders as they are shown now: no failure among them waits any more."""
        orders = self.of(owner)
        for order in orders:
            if order.job.status is Status.FAILED and not order.seen:
                order.seen = True
                await self._studio.deliveries.fetched(order.job.id)
        return orders

    async def take_waiting(self, owner: str) -> None:
        """Show what ended in vain while its person was away, once."""
        for job in await self._studio.deliveries.fetchable(owner):
            if job.reply_to.front == FRONT_END:
                await self._studio.deliveries.fetched(job.id)
                if job.clip is None:
                    self._track(job)

    async def resume(self) -> None:
        """Show the unfinished orders, and record what ended while no page did."""
        for job in await self._studio.shown.unfinished(FRONT_END):
            self._track(job)
            if job.status is Status.RUNNING:
                self.spawn(self._fetch_preview(job.id))
        await self._deliver_leftovers()

    def handle(self, event: JobEvent) -> None:
        """Show what became of an order."""
        if isinstance(event, JobProgressed):
            self._progress(event.job, event.progress)
        elif isinstance(event, HeldJobsChanged):
            self.spawn(self.resume())
        elif event.job.reply_to.front == FRONT_END:
            self._track(event.job, event.advice)
            self._forecast.expire()
            if event.job.status.final and event.job.holder == self._studio.holder():
                self.spawn(self._deliver(event.job.id))

    def _progress(self, job_id: str, progress: Progress) -> None:
        order = self._orders.get(job_id)
        if order is None:
            return
        if order.progress is None:
            self._versions[order.job.owner] += 1
        order.progress = progress
        if progress.preview:
            self.spawn(self._fetch_preview(job_id))

    def _track(self, job: Job, advice: tuple[Advice, ...] = ()) -> None:
        if job.created <= self._forgotten.get(job.owner, 0.0):
            return
        order = self._orders.get(job.id)
        if order is None:
            order = self._orders[job.id] = LiveOrder(job, advice)
        elif (order.job.attempt, order.job.status) != (job.attempt, job.status):
            order.progress = order.preview = None
            order.seen = False
        order.job = job
        order.advice = order.advice or advice
        if job.status.final:
            order.estimate = None
            self._drop_oldest(job.owner)
        elif job.status is Status.QUEUED:
            self._forecast.follow(job)
        self._versions[job.owner] += 1

    def _drop_oldest(self, owner: str) -> None:
        ended = [one.job.id for one in self.of(owner) if one.job.status.final]
        for job_id in ended[ENDED_SHOWN:]:
            self._drop(job_id)

    def _drop(self, job_id: str) -> None:
        order = self._orders.pop(job_id, None)
        if order is not None:
            self._versions[order.job.owner] += 1

    async def _fetch_preview(self, job_id: str) -> None:
        preview = await self._studio.shown.preview(job_id)
        order = self._orders.get(job_id)
        if order is not None and preview is not None and not order.job.status.final:
            order.preview, order.previews = preview, order.previews + 1

    async def _update_estimates(self) -> None:
        for job_id, estimate in (await self._forecast.estimates()).items():
            if job_id in self._orders:
                self._orders[job_id].estimate = estimate

    async def _deliver_leftovers(self) -> None:
        for job in await self._studio.shown.undelivered(FRONT_END):
            await self._deliver(job.id)

    async def _deliver(self, job_id: str) -> None:
        """Record an outcome as delivered: a clip is in the history, a failure waits to be seen."""
        if job_id in self._delivering:
            return
        self._delivering.add(job_id)
        with log_job(job_id):
            try:
                job = await self._studio.job(job_id)
                if job.status.final and not job.delivered:
                    await self._settle(job)
            except JobGone:
                log.info("deleted before its delivery")
            except (HolderChanged, Unavailable) as error:
                log.warning("could not be delivered yet: %r", error)
            finally:
                self._delivering.discard(job_id)

    async def _settle(self, job: Job) -> None:
        if job.clip is None:
            order = self._orders.get(job.id)
            await self._studio.shown.delivered(job.id, waits=job.status is Status.FAILED)
            if order is not None and order.seen:  # before it waited
                await self._studio.deliveries.fetched(job.id)
            return
        there = await self._studio.shown.clip_file(job.clip) is not None
        if not there and await self._studio.shown.remake(job.id):
            return
        order = self._orders.get(job.id)
        if order is not None and not there:
            log.error("the clip is not in the blob store")
            order.lost = True
            self._versions[job.owner] += 1
        await self._studio.shown.delivered(job.id, charged=there)

"""The use cases of every front end, put together, and what ends a job early."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Collection
from pathlib import Path

from bot.studio.chains.stories import Stories
from bot.studio.clips.clip_finishing import ClipFinishing
from bot.studio.content.content_filter import ContentFilter
from bot.studio.content.content_rules import ContentRules
from bot.studio.delivery.shown_jobs import ShownJobs
from bot.studio.events import EventBus, JobChanged, Subscription
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.lease import Lease
from bot.studio.library.outlook import Outlook
from bot.studio.library.picture_viewer import PictureViewer
from bot.studio.orders.admission import Admission
from bot.studio.orders.begun_orders import BegunOrders
from bot.studio.orders.follow_ups import FollowUps
from bot.studio.orders.order_draft import Requester
from bot.studio.orders.order_storage import OrderStorage
from bot.studio.orders.orders import Orders
from bot.studio.orders.result_cache import ResultCache
from bot.studio.privacy.job_access import JobAccess
from bot.studio.privacy.privacy import Privacy
from bot.studio.reports.service_reports import ServiceReports
from bot.studio.reports.usage_reports import UsageReports
from bot.studio.styles.style_library import StyleLibrary
from bot.studio.trust.audit_log import AuditLog
from bot.studio.trust.order_rules import OrderRules
from bot.studio.trust.policies import Policies
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.cost.advice import RentalAdvice
from storage.domain.errors import JobGone, NotAllowed, Unavailable
from storage.domain.job import Job
from storage.domain.privacy.retention import RetentionRules
from storage.domain.request import SEED_LIMIT
from storage.logs import log_job
from storage.pictures.processes import PictureProcesses
from storage.queue.client import Queue

log = logging.getLogger(__name__)


def random_seed() -> int:
    """Return the seed of an order that has none."""
    return secrets.randbelow(SEED_LIMIT + 1)


class Studio:
    """What front ends call: each attribute is one part of the service."""

    def __init__(
        self,
        jobs: Jobs,
        blobs: Blobs,
        queue: Queue,
        admission: Admission,
        events: EventBus,
        *,
        decoders: PictureProcesses,
        clock: Callable[[], float] = time.time,
        seeds: Callable[[], int] = random_seed,
        rental: Callable[[], RentalAdvice | None] = lambda: None,
        lease: Lease | None = None,
        styles_dir: Path | None = None,
        operators: Collection[str] = (),
        content: ContentRules | None = None,
        retention: RetentionRules | None = None,
    ) -> None:
        """Put the parts together; without a lease, no other process shows the same jobs.

        styles_dir is the folder of the styles that everybody may use. operators are the ids of
        those who decide for the whole service. content has the rules of it; without any, nobody
        looks at pictures. retention is for how long what is ordered is kept.
        """
        self._jobs = jobs
        self._queue = queue
        self._events = events
        self._clock = clock
        self._lease = lease
        locks = KeyedLocks()
        self.begun_orders = BegunOrders(jobs, blobs, locks, clock, self.holder)
        self.deliveries = jobs.deliveries
        self.library = jobs.library
        self.access = JobAccess(jobs)
        self.usage = UsageReports(jobs.usage, clock)
        self.styles = StyleLibrary(styles_dir, jobs.styles, blobs, locks)
        self.policies = Policies(jobs.servers, clock)
        self.audit = AuditLog(jobs.audit, clock)
        self._operators = frozenset(operators)
        self.rules = OrderRules(self.policies, self.is_operator, jobs.search.by_clip)
        self._stories = Stories(jobs, blobs, queue, clock)
        self.privacy = Privacy(
            *(jobs.privacy, blobs),
            queue=queue,
            stories=self._stories,
            styles=self.styles,
            locks=locks,
            cancel=lambda job: self.cancel(job, None, discard=True),
            delete=lambda job: self.delete(job, None, shown=True),
            rules=retention or RetentionRules(),
            clock=clock,
        )
        rules = ContentRules() if content is None else content
        self.content = ContentFilter(rules, self.policies, self.audit, blobs.get, decoders)
        self.pictures = PictureViewer(blobs, decoders)
        self.outlook = Outlook(jobs, admission.catalogue)
        cache = ResultCache(jobs, blobs)
        self._storage = OrderStorage(
            jobs=jobs, blobs=blobs, cache=cache, styles=self.styles, locks=locks
        )
        self.orders = Orders(
            storage=self._storage,
            admission=admission,
            rules=self.rules,
            content=self.content,
            decoders=decoders,
            events=events,
            clock=clock,
            seeds=seeds,
            holder=self.holder,
        )
        finishing = ClipFinishing(admission, blobs, decoders.size)
        self.follow_ups = FollowUps(orders=self.orders, access=self.access, finishing=finishing)
        self.shown = ShownJobs(
            jobs=jobs, blobs=blobs, queue=queue, events=events, clock=clock, holder=self.holder
        )
        self.reports = ServiceReports(
            jobs=jobs,
            queue=queue,
            admission=admission,
            rules=self.rules,
            rental=rental,
            clock=clock,
        )

    @property
    def admission(self) -> Admission:
        """What may be ordered."""
        return self.orders.admission

    def subscribe(self) -> Subscription:
        """Return the events of all jobs from now on."""
        return self._events.subscribe()

    def holder(self) -> str:
        """Return what this process holds jobs by."""
        return "" if self._lease is None else self._lease.id

    def is_first(self) -> bool:
        """Tell whether this process does what one of all of its front end is to do."""
        return self._lease is None or self._lease.is_first()

    def check_held(self, job: Job) -> None:
        """Raise HolderChanged where another bot shows the job, Unavailable where that may be."""
        if self._lease is not None:
            self._lease.check(job)

    def is_operator(self, person: str) -> bool:
        """Tell whether a person decides for the whole service."""
        return person in self._operators

    async def job(self, job_id: str) -> Job:
        """Return a job; raise JobGone where it is unknown or deleted."""
        return await self._jobs.get(job_id)

    async def clip_job(self, name: str) -> Job:
        """Return the job of this id, or of the clip whose file has this sha256; raise JobGone."""
        return await self._jobs.search.by_clip(name) or await self._jobs.get(name)

    async def check_public(self, requester: Requester, job: Job) -> None:
        """Raise NotAllowed or BadRequest where a person may not show a clip to all who are there.

        What holds for orders there holds for the clip and its prompt.
        """
        await self.rules.check(requester, [])
        await self.content.check_public(requester, job)

    async def cancel(self, job_id: str, owner: str | None, *, discard: bool = False) -> Job:
        """Cancel an unfinished job; with owner None, of any owner.

        A story of which segments are made ends with these, unless they are to be discarded, or it
        was stopped before.
        """
        job = await self._jobs.get(job_id)
        _check_owner(job, owner)
        if job.status.final:
            raise JobGone("job_over", status=job.status.value)
        stopped = None if discard else await self._stories.stop(job)
        if stopped is not None:
            self._events.publish(JobChanged(stopped))
            with contextlib.suppress(Unavailable):
                await self._queue.hand_back(job_id, stopped.attempt)
            return stopped
        job = await self._jobs.cancel(job_id, owner, self._clock())
        self._events.publish(JobChanged(job))
        with log_job(job_id):
            try:
                await self._queue.cancel(job_id)
            except Unavailable:
                log.warning("the cancel could not be sent; the clip will be thrown away")
        if job.request.segments:
            await self._stories.delete_segments(job_id)
        return job

    async def delete(self, job_id: str, owner: str | None, *, shown: bool = False) -> Job:
        """Cancel a job if it is unfinished, and delete it with its clip and its picture.

        Blobs that another job refers to stay, and where it stays shown all messages with it.
        """
        job = await self._jobs.get(job_id)
        _check_owner(job, owner)
        if not job.status.final:
            with contextlib.suppress(JobGone):  # it ended just now
                await self.cancel(job_id, owner, discard=True)
            job = await self._jobs.get(job_id)
        await self._storage.delete(job, shown=shown)
        return job


def _check_owner(job: Job, owner: str | None) -> None:
    """Raise NotAllowed unless the owner is None or owns the job."""
    if owner is not None and job.owner != owner:
        raise NotAllowed("denied_not_owner")

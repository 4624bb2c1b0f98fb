"""The use cases of every front end: order, retry, tweak, follow, cancel, delete, report."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from bot.studio.chains.extension import extension_of, tweaked
from bot.studio.chains.stories import Stories
from bot.studio.cleanup import blobs_of, delete_unused
from bot.studio.clips.choosing import chosen_request
from bot.studio.clips.clip_finishing import ClipFinishing
from bot.studio.clips.end_picture import END_PICTURE, of_end_picture
from bot.studio.clips.finish_action import FinishAction
from bot.studio.clips.remaking import remade
from bot.studio.content.content_filter import ContentFilter
from bot.studio.content.content_rules import ContentRules
from bot.studio.events import EventBus, JobChanged, Subscription
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.lease import Lease
from bot.studio.library.outlook import Outlook
from bot.studio.library.picture_viewer import PictureViewer
from bot.studio.models.model_status import ModelStatus, model_statuses
from bot.studio.options import Options, Shape
from bot.studio.orders.admission import Admission
from bot.studio.orders.begun_orders import BegunOrders
from bot.studio.orders.order_draft import OrderDraft, Requester
from bot.studio.orders.result_cache import ResultCache
from bot.studio.privacy.job_access import JobAccess
from bot.studio.privacy.privacy import Privacy
from bot.studio.reports.usage_reports import UsageReports
from bot.studio.styles.style_library import StyleLibrary
from bot.studio.trust.audit_log import AuditLog
from bot.studio.trust.order_rules import OrderRules
from bot.studio.trust.policies import Policies
from bot.studio.wait_forecast import WaitForecast
from storage.blobs import Blobs
from storage.clip_file import DamagedClip, check_clip_file
from storage.database.jobs import Jobs
from storage.domain.advice import advice_on_picture
from storage.domain.clip import Clip
from storage.domain.cost.advice import RentalAdvice, ServiceBill
from storage.domain.errors import (
    BadEndPicture,
    BadPicture,
    BadRequest,
    JobGone,
    MutoscopeError,
    NotAllowed,
    Unavailable,
)
from storage.domain.job import MAX_DEATHS, Job, ReplyTarget
from storage.domain.privacy.retention import RetentionRules
from storage.domain.quota import DAY, UsageReport, check, price
from storage.domain.request import SEED_LIMIT, GenerationRequest
from storage.domain.trust.filter_level import CONTENT_REFUSED
from storage.domain.trust.limits import Limits
from storage.domain.trust.place import NOWHERE, Place
from storage.logs import log_job
from storage.pictures.processes import PictureProcesses
from storage.queue.client import Queue
from storage.tracing import add_span

log = logging.getLogger(__name__)

NAME_BYTES = 8
MADE = ""
"""What pictures are locked by that are not made yet."""


def random_seed() -> int:
    """Return the seed of an order that has none."""
    return secrets.randbelow(SEED_LIMIT + 1)


class Studio:
    """Places orders and changes them in the database, and publishes each change."""

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
        self._blobs = blobs
        self.admission = admission
        self._queue = queue
        self._events = events
        self._clock = clock
        self._seeds = seeds
        self._rental = rental
        self._lease = lease
        self._pictures = KeyedLocks()
        self.begun_orders = BegunOrders(jobs, blobs, self._pictures, clock, self.holder)
        self.deliveries = jobs.deliveries
        self.library = jobs.library
        self.access = JobAccess(jobs)
        self.usage = UsageReports(jobs.usage, clock)
        self.styles = StyleLibrary(styles_dir, jobs.styles, blobs, self._pictures)
        self.policies = Policies(jobs.servers, clock)
        self.audit = AuditLog(jobs.audit, clock)
        self._operators = frozenset(operators)
        self.rules = OrderRules(self.policies, self.is_operator, jobs.by_clip)
        self._cache = ResultCache(jobs, blobs)
        self._stories = Stories(jobs, blobs, queue, clock)
        self.privacy = Privacy(
            *(jobs.privacy, blobs),
            queue=queue,
            stories=self._stories,
            styles=self.styles,
            locks=self._pictures,
            cancel=lambda job: self.cancel(job, None, discard=True),
            delete=lambda job: self.delete(job, None, shown=True),
            rules=retention or RetentionRules(),
            clock=clock,
        )
        self._decoders = decoders
        rules = ContentRules() if content is None else content
        self.content = ContentFilter(rules, self.policies, self.audit, blobs.get, self._square)
        self.pictures = PictureViewer(blobs, decoders)
        self.outlook = Outlook(jobs, admission.catalogue)
        self._finishing = ClipFinishing(admission, blobs, decoders.size)

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

    def check(self, options: Options) -> None:
        """Raise BadRequest where the options would be refused for every picture."""
        self.admission.admit(options, picture="", size=(1, 1), seed=0)

    async def submit(
        self, requester: Requester, picture: bytes, options: Options, end_picture: bytes = b""
    ) -> Job:
        """Order a clip of an uploaded picture; return its job."""
        draft = await self.draft(requester, picture, options, end_picture)
        await self.check_credits(requester, [draft])
        return await self._order_one(requester, await self.inspect(requester, draft))

    async def draft(
        self, requester: Requester, picture: bytes, options: Options, end_picture: bytes = b""
    ) -> OrderDraft:
        """Return an order for an upload, by its header, without placing it.

        end_picture is an upload that the clip is to end with, empty for none or for the one that
        the options name. Raise BadPicture or BadRequest.
        """
        size = await self._decoders.size(picture)
        key = sha256(picture).hexdigest()
        if end_picture:
            with of_end_picture():
                await self._decoders.size(end_picture)
            options = options.replace(**{END_PICTURE: sha256(end_picture).hexdigest()})
        request = self.admission.admit(options, key, size, self._seeds())
        request = await self.styles.found(request, requester.owner)
        request = await self.content.limited(requester.place, request)
        return OrderDraft(request, requester.reply_to, picture, end_picture=end_picture)

    async def inspect(self, requester: Requester, draft: OrderDraft) -> OrderDraft:
        """Decode a draft's pictures and add advice.

        Raise BadPicture where one is of no use, or not to be shown where it is ordered.
        """
        limit = draft.request.content_limit
        facts, square = await self._decoders.examine(draft.picture)
        await self.content.check_picture(requester, draft.picture, square, limit)
        if draft.end_picture:
            with of_end_picture():
                _, square = await self._decoders.examine(draft.end_picture)
                await self.content.check_picture(requester, draft.end_picture, square, limit)
        return replace(draft, advice=advice_on_picture(draft.request, facts))

    async def imagine(self, requester: Requester, options: Options, shape: Shape) -> Job:
        """Order a clip of a picture that is made from the prompt first; raise BadRequest."""
        request = self.admission.imagine(options, shape.aspect, self._seeds())
        request = await self.styles.found(request, requester.owner)
        return await self._order_one(requester, OrderDraft(request, requester.reply_to))

    async def check_credits(self, requester: Requester, drafts: Sequence[OrderDraft]) -> None:
        """Raise NotAllowed or QuotaExceeded unless this person may place all of these now."""
        requests = [draft.request for draft in drafts]
        limits = await self.rules.check(requester, requests)
        person = (requester.size_limit, requester.owner)
        fresh = [one for one in requests if not await self._cache.find(one, *person)]
        now = self._clock()
        guild = requester.place.guild
        allowance = await self._jobs.allowance(requester.owner, now, guild, limits)
        check(
            allowance,
            [self._price(request) for request in fresh],
            self.admission.catalogue.quota,
            now,
        )

    async def check_public(self, requester: Requester, job: Job) -> None:
        """Raise NotAllowed or BadRequest where a person may not show a clip to all who are there.

        What holds for orders there holds for the clip and its prompt.
        """
        await self.rules.check(requester, [])
        await self.content.check_public(requester, job)

    async def retry(self, job_id: str, requester: Requester) -> Job:
        """Order a job's clip with another seed, charged to this requester."""
        return await self._order_one(requester, await self.draft_retry(job_id, requester))

    async def draft_retry(self, job_id: str, requester: Requester) -> OrderDraft:
        """Return an order of a job's clip with another seed; raise BadRequest."""
        job = await self._known(job_id, requester)
        if job.failure is not None and job.failure.key == CONTENT_REFUSED:
            raise BadRequest("request_retry_refused")
        request = await remade(job, self._jobs.get)
        depth_model = self.admission.catalogue.model(request.model).depth_model
        request = replace(request, seed=self._seeds(), depth_model=depth_model, stopped_after=0)
        if not request.picture:  # none was made
            request = self.admission.with_text_to_image(request)
        self.admission.check(request)
        return OrderDraft(request, requester.reply_to, parent=job.id)

    async def tweak(self, job_id: str, requester: Requester, options: Options) -> Job:
        """Order a clip of a job's picture with other options."""
        old = (await self._known(job_id, requester)).request
        request = tweaked(self.admission, old, options, self._seeds())
        request = await self.styles.found(request, requester.owner, old.style)
        return await self._order_one(
            requester, OrderDraft(request, requester.reply_to, parent=job_id)
        )

    async def finish(self, job_id: str, requester: Requester, action: FinishAction) -> Job:
        """Order a job's clip with something done to it, by whoever asks."""
        job = await self._known(job_id, requester)
        request = await self._finishing.request(job, action)
        draft = OrderDraft(request, requester.reply_to, parent=job.id)
        return await self._order_one(requester, draft)

    async def choose(self, job_id: str, number: int, requester: Requester) -> Job:
        """Order the draft of this number in full; raise BadRequest where there is none."""
        job = await self._known(job_id, requester)
        request = chosen_request(job, number)
        self.admission.check(request)
        draft = OrderDraft(request, requester.reply_to, parent=job.id)
        return await self._order_one(requester, draft)

    async def extend(self, job_id: str, requester: Requester, options: Options) -> Job:
        """Order a clip that goes on from a job's clip and is joined to it."""
        job = await self._known(job_id, requester)
        request = extension_of(self.admission, job, options, self._seeds())
        request = await self.styles.found(request, requester.owner, job.request.style)
        return await self._order_one(
            requester, OrderDraft(request, requester.reply_to, parent=job_id)
        )

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
        async with self._locked([job.request]):
            await self._jobs.forget(job_id, shown=shown)
            left = (*job.request.pictures, job.request.source, *blobs_of(job.clip))
            await delete_unused(self._jobs, self._blobs, job_id, left)
        return job

    def wait_forecast(self) -> WaitForecast:
        """Return a new forecast of when waiting jobs start."""
        return WaitForecast(
            self._jobs, self.workers_by_model, self.admission.catalogue, self._clock
        )

    async def job(self, job_id: str) -> Job:
        """Return a job; raise JobGone where it is unknown or deleted."""
        return await self._jobs.get(job_id)

    async def clip_job(self, name: str) -> Job:
        """Return the job of this id, or of the clip whose file has this sha256; raise JobGone."""
        return await self._jobs.by_clip(name) or await self._jobs.get(name)

    async def job_at(self, front: str, channel: str, message: str) -> Job | None:
        """Return the job that a front end's message shows, if any."""
        return await self._jobs.by_message(front, channel, message)

    async def unfinished(self, front: str) -> list[Job]:
        """Return the jobs that this front end shows and that have not ended, the oldest first."""
        return self._held(front, await self._jobs.unfinished())

    async def undelivered(self, front: str) -> list[Job]:
        """Return the ended jobs that this front end is to deliver yet, the oldest first."""
        return self._held(front, await self._jobs.undelivered())

    async def clip_file(self, clip: Clip) -> bytes | None:
        """Return the file of a clip, None where the store has it no more, or damaged."""
        try:
            data = await self._blobs.get(clip.blob)
            check_clip_file(data, clip.container)
        except (KeyError, DamagedClip):
            return None
        return data

    async def remake(self, job_id: str) -> bool:
        """Queue a job again whose clip was lost before its delivery; False where it is over."""
        job = await self._jobs.get(job_id)
        if job.deaths + 1 >= MAX_DEATHS:
            return False
        reopened = await self._jobs.reopen(job_id)
        if reopened is None:
            return False
        log.warning("the clip is lost; it is made again")
        self._events.publish(JobChanged(reopened))
        return True

    async def move(self, job: Job, reply_to: ReplyTarget) -> None:
        """Change where a job is answered; raise HolderChanged where another bot does it now."""
        await self._jobs.move(job, reply_to)

    async def delivered(
        self, job_id: str, message: str = "", *, charged: bool = True, waits: bool = False
    ) -> None:
        """Record that a job's end was delivered, and in which message (empty: as before).

        waits: it waits until its owner fetches it.
        """
        at = self._clock()
        await self._jobs.delivered(job_id, message, at, waits=waits, charged=charged)

    async def drop_dead_tokens(self, now: float) -> None:
        """Delete the interaction tokens that have expired by a front end's clock."""
        await self._jobs.drop_dead_tokens(now)

    async def preview(self, job_id: str) -> bytes | None:
        """Return the newest preview (an animated WebP) of a job, None where there is none."""
        try:
            job = await self._jobs.get(job_id)
            return await self._queue.preview(job_id, job.attempt)
        except (JobGone, Unavailable):
            return None

    async def report(self, owner: str, place: Place = NOWHERE) -> UsageReport:
        """Return what a person ordered, spent and has left, also by what bounds them at a place."""
        limits = await self.rules.limits(place)
        return await self._jobs.report(owner, self._clock(), place.guild, limits)

    async def report_all(self, days: int) -> UsageReport:
        """Return what everybody ordered and spent in the last days."""
        return await self._jobs.report_all(self._clock() - days * DAY)

    async def bill(self, days: int) -> ServiceBill:
        """Return what the workers of the last days cost, and how to rent them."""
        total = await self._jobs.lives.total(self._clock() - days * DAY)
        return replace(total, rental=self._rental())

    async def workers(self) -> int | None:
        """Return how many workers are alive, None where Redis is away."""
        found = await self.workers_by_model()
        return None if found is None else sum(found.values())

    async def workers_by_model(self) -> Mapping[str, int] | None:
        """Return how many workers are alive for each model, None where Redis is away."""
        try:
            return await self._queue.workers_by_model()
        except Unavailable:
            return None

    async def models(self) -> list[ModelStatus]:
        """Return the models that can be ordered, and those that still have orders or workers."""
        try:
            sizes = await self._jobs.queue_sizes()
        except Unavailable:
            sizes = None
        try:
            served = await self._queue.served_models()
        except Unavailable:
            served = None
        return model_statuses(self.admission, served, sizes)

    async def order(self, requester: Requester, drafts: Sequence[OrderDraft]) -> list[Job]:
        """Place all of these orders or none; a cached clip gives a job that is done and free.

        Every order of every kind comes through here. Raise NotAllowed or QuotaExceeded, BadRequest
        or BadPicture.
        """
        limits = await self.rules.check(requester, [draft.request for draft in drafts])
        drafts = [await self.content.admitted(requester, draft) for draft in drafts]
        created = self._clock()
        new = [
            self._job(requester, draft, created + number / 1000)  # in the drafts' order
            for number, draft in enumerate(drafts)
        ]
        async with self._locked([job.request for job in new]):
            jobs = await self._store(requester, new, [draft.uploads for draft in drafts], limits)
        for job, draft in zip(jobs, drafts, strict=True):
            add_span("order", job.id, created)
            with log_job(job.id):
                log.info("ordered: %s", job.status.value)
            self._events.publish(JobChanged(job, draft.advice))
        return jobs

    async def _known(self, job_id: str, requester: Requester) -> Job:
        return await self.access.job(job_id, requester.owner, requester.place)

    async def _order_one(self, requester: Requester, draft: OrderDraft) -> Job:
        [job] = await self.order(requester, [draft])
        return job

    async def _square(self, picture: bytes) -> bytes:
        """Return what the content filter sees of a picture; raise BadPicture."""
        return (await self._decoders.examine(picture))[1]

    @contextlib.asynccontextmanager
    async def _locked(self, requests: Sequence[GenerationRequest]) -> AsyncIterator[None]:
        """Hold the locks of the requests' pictures and styles.

        Those that are made have one between them, for nobody knows before what they will be.
        """
        keys = {key for one in requests for key in one.pictures}
        keys |= {one.style.file for one in requests if one.style is not None}
        keys |= {MADE for one in requests if one.text_to_image is not None}
        async with contextlib.AsyncExitStack() as stack:
            for key in sorted(keys):
                await stack.enter_async_context(self._pictures.of(key))
            yield

    def _price(self, request: GenerationRequest) -> int:
        return price(request, self.admission.catalogue.work(request.model))

    def _job(self, requester: Requester, draft: OrderDraft, created: float) -> Job:
        request = draft.request
        if request.picture:  # it is there, however it came to be
            request = replace(request, text_to_image=None, picture_model=request.made_by)
        return Job(
            id=secrets.token_hex(NAME_BYTES),
            owner=requester.owner,
            request=request,
            reply_to=draft.reply_to,
            locale=requester.locale,
            cost=self._price(request),
            created=created,
            size_limit=requester.size_limit,
            parent=draft.parent,
            holder=self.holder(),
        )

    def _held(self, front: str, jobs: Sequence[Job]) -> list[Job]:
        holder = self.holder()
        return [job for job in jobs if job.reply_to.front == front and job.holder == holder]

    async def _store(
        self,
        requester: Requester,
        new: Sequence[Job],
        uploads: Sequence[Sequence[bytes]],
        limits: Limits,
    ) -> list[Job]:
        """Store pictures and jobs; the caller holds the pictures' locks against a delete."""
        jobs = [await self._cache.answer(job) for job in new]
        try:
            if requester.begun_order and any(uploads):
                keys = {key for job in jobs for key in job.request.pictures}
                message = requester.reply_to.message
                await self._jobs.begun_orders.note(requester.begun_order, message, keys)
            for job, own in zip(jobs, uploads, strict=True):
                stored = [await self._blobs.put(upload) for upload in own]
                await self._check_there(job.request, stored)
                if not job.status.final:  # a cached clip needs no style
                    await self.styles.check_there(job.request)
            await self._jobs.add(*jobs, begun_order=requester.begun_order, limits=limits)
            await self._put_again(uploads)
        except MutoscopeError:  # a refused order leaves no picture in the store
            for job in jobs:
                await delete_unused(self._jobs, self._blobs, job.id, job.request.pictures)
            raise
        return jobs

    async def _check_there(self, request: GenerationRequest, stored: Sequence[str]) -> None:
        """Raise JobGone or BadPicture where the store lacks what a request is made from.

        What was stored just now is not looked for: `_put_again` does that.
        """
        if request.source:
            if not await self._blobs.has(request.source):
                raise JobGone("job_deleted")
            return
        missing = [
            key for key in request.pictures if key not in stored and not await self._blobs.has(key)
        ]
        if missing:
            raise (BadPicture if request.picture in missing else BadEndPicture)("picture_gone")

    async def _put_again(self, uploads: Sequence[Sequence[bytes]]) -> None:
        """Store pictures again that another bot deleted before it could know of these jobs."""
        for picture in {picture for own in uploads for picture in own}:
            with contextlib.suppress(Unavailable):  # the order is placed
                try:
                    await self._blobs.size(sha256(picture).hexdigest())
                except KeyError:
                    await self._blobs.put(picture)


def _check_owner(job: Job, owner: str | None) -> None:
    """Raise NotAllowed unless the owner is None or owns the job."""
    if owner is not None and job.owner != owner:
        raise NotAllowed("denied_not_owner")

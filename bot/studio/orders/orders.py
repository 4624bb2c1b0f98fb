"""Orders of new clips, from what a person uploads or writes to the job."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from bot.studio.clips.end_picture import END_PICTURE, of_end_picture
from bot.studio.content.content_filter import ContentFilter
from bot.studio.events import EventBus, JobChanged
from bot.studio.options import Options, Shape
from bot.studio.orders.admission import Admission
from bot.studio.orders.order_draft import OrderDraft, Requester
from bot.studio.orders.order_storage import OrderStorage
from bot.studio.trust.order_rules import OrderRules
from storage.domain.advice import advice_on_picture
from storage.domain.job import Job
from storage.domain.quota import check, price
from storage.domain.request import GenerationRequest
from storage.logs import log_job
from storage.pictures.processes import PictureProcesses
from storage.tracing import add_span

log = logging.getLogger(__name__)

NAME_BYTES = 8


@dataclass(kw_only=True)
class Orders:
    """Drafts, checks and places orders, and publishes the jobs.

    holder returns what this process holds jobs by.
    """

    storage: OrderStorage
    admission: Admission
    rules: OrderRules
    content: ContentFilter
    decoders: PictureProcesses
    events: EventBus
    clock: Callable[[], float]
    seeds: Callable[[], int]
    holder: Callable[[], str]

    def check(self, options: Options) -> None:
        """Raise BadRequest where the options would be refused for every picture."""
        self.admission.admit(options, picture="", size=(1, 1), seed=0)

    async def submit(
        self, requester: Requester, picture: bytes, options: Options, end_picture: bytes = b""
    ) -> Job:
        """Order a clip of an uploaded picture; return its job."""
        draft = await self.draft(requester, picture, options, end_picture)
        await self.check_credits(requester, [draft])
        return await self.place_one(requester, await self.inspect(requester, draft))

    async def draft(
        self, requester: Requester, picture: bytes, options: Options, end_picture: bytes = b""
    ) -> OrderDraft:
        """Return an order for an upload, by its header, without placing it.

        end_picture is an upload that the clip is to end with, empty for none or for the one that
        the options name. Raise BadPicture or BadRequest.
        """
        size = await self.decoders.size(picture)
        key = sha256(picture).hexdigest()
        if end_picture:
            with of_end_picture():
                await self.decoders.size(end_picture)
            options = options.replace(**{END_PICTURE: sha256(end_picture).hexdigest()})
        request = self.admission.admit(options, key, size, self.seeds())
        request = await self.storage.styles.found(request, requester.owner)
        request = await self.content.limited(requester.place, request)
        return OrderDraft(request, requester.reply_to, picture, end_picture=end_picture)

    async def inspect(self, requester: Requester, draft: OrderDraft) -> OrderDraft:
        """Decode a draft's pictures and add advice.

        Raise BadPicture where one is of no use, or not to be shown where it is ordered.
        """
        limit = draft.request.content_limit
        facts, square = await self.decoders.examine(draft.picture)
        await self.content.check_picture(requester, draft.picture, square, limit)
        if draft.end_picture:
            with of_end_picture():
                _, square = await self.decoders.examine(draft.end_picture)
                await self.content.check_picture(requester, draft.end_picture, square, limit)
        return replace(draft, advice=advice_on_picture(draft.request, facts))

    async def imagine(self, requester: Requester, options: Options, shape: Shape) -> Job:
        """Order a clip of a picture that is made from the prompt first; raise BadRequest."""
        request = self.admission.imagine(options, shape.aspect, self.seeds())
        request = await self.storage.styles.found(request, requester.owner)
        return await self.place_one(requester, OrderDraft(request, requester.reply_to))

    async def check_credits(self, requester: Requester, drafts: Sequence[OrderDraft]) -> None:
        """Raise NotAllowed or QuotaExceeded unless this person may place all of these now."""
        requests = [draft.request for draft in drafts]
        limits = await self.rules.check(requester, requests)
        person = (requester.size_limit, requester.owner)
        fresh = [one for one in requests if not await self.storage.cache.find(one, *person)]
        now = self.clock()
        guild = requester.place.guild
        allowance = await self.storage.jobs.sums.allowance(requester.owner, now, guild, limits)
        check(
            allowance,
            [self._price(request) for request in fresh],
            self.admission.catalogue.quota,
            now,
        )

    async def place(self, requester: Requester, drafts: Sequence[OrderDraft]) -> list[Job]:
        """Place all of these orders or none; a cached clip gives a job that is done and free.

        Every order of every kind comes through here. Raise NotAllowed or QuotaExceeded, BadRequest
        or BadPicture.
        """
        limits = await self.rules.check(requester, [draft.request for draft in drafts])
        drafts = [await self.content.admitted(requester, draft) for draft in drafts]
        created = self.clock()
        new = [
            self._job(requester, draft, created + number / 1000)  # in the drafts' order
            for number, draft in enumerate(drafts)
        ]
        async with self.storage.locked([job.request for job in new]):
            uploads = [draft.uploads for draft in drafts]
            jobs = await self.storage.store(requester, new, uploads, limits)
        for job, draft in zip(jobs, drafts, strict=True):
            add_span("order", job.id, created)
            with log_job(job.id):
                log.info("ordered: %s", job.status.value)
            self.events.publish(JobChanged(job, draft.advice))
        return jobs

    async def place_one(self, requester: Requester, draft: OrderDraft) -> Job:
        """Place one order, as `place` does."""
        [job] = await self.place(requester, [draft])
        return job

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

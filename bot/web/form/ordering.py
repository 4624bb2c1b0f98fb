"""Places what a form holds as orders, by the same use cases as every front end."""

from __future__ import annotations

from dataclasses import dataclass

from bot.studio.option_table import STORY
from bot.studio.options import Options, OptionValue, Shape
from bot.studio.orders.order_draft import OrderDraft, Requester
from bot.studio.studio import Studio
from bot.web.files.pictures import PictureUploads
from bot.web.form.choice import PictureChoice
from bot.web.orders.live_orders import LiveOrders
from storage.domain.errors import BadPicture, JobGone
from storage.domain.job import Job

SIZE_LIMIT = 1 << 28
"""The largest file of a clip, in bytes."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """Places orders of one person at the page."""

    studio: Studio
    live: LiveOrders
    uploads: PictureUploads
    owner: str
    locale: str

    @property
    def requester(self) -> Requester:
        """Return the person as every use case knows them."""
        return Requester(self.owner, self.locale, self.live.reply_to(), SIZE_LIMIT)

    async def own(self, job_id: str) -> Job:
        """Return a job of this person; raise JobGone for anybody else's."""
        job = await self.studio.job(job_id)
        if job.owner != self.owner:
            raise JobGone("job_unknown")
        return job

    async def place(self, choice: PictureChoice, options: Options) -> list[Job]:
        """Order a clip of each picture, all or none; raise a MutoscopeError."""
        if choice.uploading:
            raise BadPicture("page_uploading")
        if choice.extends:
            parent = await self.own(choice.extends)
            return [await self.studio.follow_ups.extend(parent.id, self.requester, options)]
        if choice.uploads:
            return await self._place_uploads(choice, options)
        if choice.job:
            parent = await self.own(choice.job)
            options = options.replace(**self._unseen(parent))
            return [await self.studio.follow_ups.tweak(parent.id, self.requester, options)]
        if self.studio.admission.text_to_image is None:
            self.studio.orders.check(options)
            raise BadPicture("page_picture_needed")
        return [await self.studio.orders.imagine(self.requester, options, Shape.SQUARE)]

    def _unseen(self, job: Job) -> dict[str, OptionValue | None]:
        """Return the options of a job that the form does not hold, and that are kept."""
        admission = self.studio.admission
        values = admission.options_of(job.request)
        hidden = [one for one in admission.options_for(job.request.model) if not one.on_page]
        return {one.name: values.get(one.name) for one in hidden if one.name != STORY}

    async def _place_uploads(self, choice: PictureChoice, options: Options) -> list[Job]:
        """Check the cheap before the dear: options, credits, and only then whole pictures."""
        self.studio.orders.check(options)
        requester = self.requester
        end = await self.uploads.get(self.owner, choice.end) if choice.end else b""
        drafts: list[OrderDraft] = []
        for key in choice.uploads:
            picture = await self.uploads.get(self.owner, key)
            drafts.append(await self.studio.orders.draft(requester, picture, options, end))
        await self.studio.orders.check_credits(requester, drafts)
        whole = [await self.studio.orders.inspect(requester, draft) for draft in drafts]
        jobs = await self.studio.orders.place(requester, whole)
        self.uploads.release(self.owner, filter(None, (*choice.uploads, choice.end)))
        return jobs

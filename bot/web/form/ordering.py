"""Places what a form holds as orders, by the same use cases as every front end."""

from __future__ import annotations

from dataclasses import dataclass

from bot.studio.clips.end_picture import END_PICTURE
from bot.studio.option_table import STORY
from bot.studio.options import Options, OptionValue, Shape
from bot.studio.orders.order_draft import OrderDraft, Requester
from bot.studio.studio import Studio
from bot.web.files.pictures import PictureUploads
from bot.web.form.choice import PictureChoice
from bot.web.orders.live_orders import LiveOrders
from bot.web.orders.own_clips import picture_in
from storage.domain.errors import BadEndPicture, BadPicture, JobGone
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
        end = await self._end_of(choice)
        if choice.uploads:
            return await self._place_uploads(choice, options.replace(**end))
        if choice.job:
            parent = await self.own(choice.job)
            options = options.replace(**{**self._unseen(parent), **end})
            return [await self.studio.follow_ups.tweak(parent.id, self.requester, options)]
        if choice.end or choice.end_of or self.studio.admission.text_to_image is None:
            self.studio.orders.check(options)
            raise BadPicture("page_picture_needed")
        return [await self.studio.orders.imagine(self.requester, options, Shape.SQUARE)]

    def _unseen(self, job: Job) -> dict[str, OptionValue | None]:
        """Return the options of a job that the form does not hold, and that are kept."""
        admission = self.studio.admission
        values = admission.options_of(job.request)
        hidden = [one for one in admission.options_for(job.request.model) if not one.on_page]
        held = (STORY, END_PICTURE)
        return {one.name: values.get(one.name) for one in hidden if one.name not in held}

    async def _end_of(self, choice: PictureChoice) -> dict[str, OptionValue | None]:
        """Return the option of the picture that a clip of this person's lends to end with."""
        if not choice.end_of:
            return {END_PICTURE: None}
        key = picture_in((await self.own(choice.end_of)).request, last=choice.end_last)
        if not key:
            raise BadEndPicture("picture_gone")
        return {END_PICTURE: key}

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

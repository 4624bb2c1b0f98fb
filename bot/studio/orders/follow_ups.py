"""Orders that are made from an earlier job: retried, tweaked, extended, finished, chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.studio.chains.extension import extension_of, tweaked
from bot.studio.clips.choosing import chosen_request
from bot.studio.clips.clip_finishing import ClipFinishing
from bot.studio.clips.finish_action import FinishAction
from bot.studio.clips.remaking import remade
from bot.studio.options import Options
from bot.studio.orders.order_draft import OrderDraft, Requester
from bot.studio.orders.orders import Orders
from bot.studio.privacy.job_access import JobAccess
from storage.domain.errors import BadRequest
from storage.domain.job import Job
from storage.domain.request import GenerationRequest
from storage.domain.trust.filter_level import CONTENT_REFUSED


@dataclass(kw_only=True)
class FollowUps:
    """Places orders that vary a job which the requester may see; raises JobGone or BadRequest."""

    orders: Orders
    access: JobAccess
    finishing: ClipFinishing

    async def retry(self, job_id: str, requester: Requester) -> Job:
        """Order a job's clip with another seed, charged to this requester."""
        return await self.orders.place_one(requester, await self.draft_retry(job_id, requester))

    async def draft_retry(self, job_id: str, requester: Requester) -> OrderDraft:
        """Return an order of a job's clip with another seed; raise BadRequest."""
        job = await self._known(job_id, requester)
        if job.failure is not None and job.failure.key == CONTENT_REFUSED:
            raise BadRequest("request_retry_refused")
        request = await remade(job, self.orders.storage.jobs.get)
        admission = self.orders.admission
        depth_model = admission.catalogue.model(request.model).depth_model
        seed = self.orders.seeds()
        request = replace(request, seed=seed, depth_model=depth_model, stopped_after=0)
        if not request.picture:  # none was made
            request = admission.with_text_to_image(request)
        admission.check(request)
        return OrderDraft(request, requester.reply_to, parent=job.id)

    async def tweak(self, job_id: str, requester: Requester, options: Options) -> Job:
        """Order a clip of a job's picture with other options."""
        job = await self._known(job_id, requester)
        request = tweaked(self.orders.admission, job.request, options, self.orders.seeds())
        return await self._place_styled(requester, job, request)

    async def finish(self, job_id: str, requester: Requester, action: FinishAction) -> Job:
        """Order a job's clip with something done to it, by whoever asks."""
        job = await self._known(job_id, requester)
        return await self._place(requester, job, await self.finishing.request(job, action))

    async def choose(self, job_id: str, number: int, requester: Requester) -> Job:
        """Order the draft of this number in full; raise BadRequest where there is none."""
        job = await self._known(job_id, requester)
        request = chosen_request(job, number)
        self.orders.admission.check(request)
        return await self._place(requester, job, request)

    async def extend(self, job_id: str, requester: Requester, options: Options) -> Job:
        """Order a clip that goes on from a job's clip and is joined to it."""
        job = await self._known(job_id, requester)
        request = extension_of(self.orders.admission, job, options, self.orders.seeds())
        return await self._place_styled(requester, job, request)

    async def _known(self, job_id: str, requester: Requester) -> Job:
        return await self.access.job(job_id, requester.owner, requester.place)

    async def _place(self, requester: Requester, parent: Job, request: GenerationRequest) -> Job:
        draft = OrderDraft(request, requester.reply_to, parent=parent.id)
        return await self.orders.place_one(requester, draft)

    async def _place_styled(
        self, requester: Requester, parent: Job, request: GenerationRequest
    ) -> Job:
        styles, style = self.orders.storage.styles, parent.request.style
        request = await styles.found(request, requester.owner, style)
        return await self._place(requester, parent, request)

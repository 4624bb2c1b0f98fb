"""Finds out how a finished clip is best changed, and returns the order of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.studio.clips.finish_action import FinishAction, finish_request, rendered_larger
from bot.studio.orders.admission import Admission
from storage.blobs import Blobs
from storage.domain.errors import BadPicture, BadRequest
from storage.domain.job import Job
from storage.domain.request import GenerationRequest

UPSCALING = (FinishAction.UPSCALE_2, FinishAction.UPSCALE_4)


class ClipFinishing:
    """The orders that change finished clips."""

    def __init__(
        self,
        admission: Admission,
        blobs: Blobs,
        size_of: Callable[[bytes], Awaitable[tuple[int, int]]],
    ) -> None:
        """Take what reads the width and height of an upload."""
        self._admission = admission
        self._blobs = blobs
        self._size_of = size_of

    async def request(self, job: Job, action: FinishAction) -> GenerationRequest:
        """Return the order of a job's clip with one more thing done to it; raise BadRequest.

        A clip that its model renders from a large picture is not upscaled but rendered larger.
        """
        if job.clip is not None and job.clip.candidates:
            raise BadRequest("request_choose_first")
        wanted = finish_request(job, action)
        if action in UPSCALING and (larger := await self._rendered_larger(job, wanted)):
            return larger
        return wanted

    async def _rendered_larger(
        self, job: Job, wanted: GenerationRequest
    ) -> GenerationRequest | None:
        model = self._admission.catalogue.models.get(wanted.model)
        if model is None or model.denoising is None:
            return None
        try:
            size = await self._size_of(await self._blobs.get(wanted.picture))
            larger = rendered_larger(job, wanted, model, size)
            if larger is not None:
                self._admission.check(larger)
        except (KeyError, BadPicture, BadRequest):
            return None
        return larger

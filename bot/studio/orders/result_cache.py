"""The result cache: an order of a clip that exists already is answered with that clip, for free."""

from __future__ import annotations

from dataclasses import replace

from bot.studio.privacy.private_orders import is_private
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.clip import Clip
from storage.domain.job import Job, Status
from storage.domain.request import GenerationRequest
from storage.domain.trust.filter_level import passes


class ResultCache:
    """Finds clips of finished jobs by the fingerprint of their request."""

    def __init__(self, jobs: Jobs, blobs: Blobs) -> None:
        self._jobs = jobs
        self._blobs = blobs

    async def find(self, request: GenerationRequest, size_limit: int, owner: str) -> Clip | None:
        """Return a clip of this request of at most so many bytes, None where there is none.

        A private one is found for the person alone who ordered it.
        """
        clip = await self._jobs.search.clip(request, owner if is_private(request) else None)
        if clip is None or clip.bytes > size_limit:
            return None
        if not passes(clip.content_score, request.content_limit):
            return None  # it was made where nobody looked at it, or less strictly
        if (clip.width, clip.height) != request.size:
            return None  # memory was short then; it may suffice now
        whole = request.finish is not None or clip.frames == request.made_frames
        if request.segments and not whole:
            return None  # more of it was made than was to be, before it was stopped
        needed = filter(None, (clip.blob, clip.picture))
        return clip if all([await self._blobs.has(key) for key in needed]) else None

    async def answer(self, job: Job) -> Job:
        """Return the job as done and free if its clip is cached, else as it is."""
        clip = await self.find(job.request, job.size_limit, job.owner)
        if clip is None:
            return job
        request = replace(job.request, picture=job.request.picture or clip.picture)
        answered = replace(job, request=request, status=Status.DONE, clip=clip)
        return replace(answered, cached=True, cost=0, ended=job.created)

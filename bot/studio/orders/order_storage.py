"""Stores orders with their pictures, whole or not at all, and deletes jobs with theirs."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from bot.studio.cleanup import blobs_of, delete_unused
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.orders.order_draft import Requester
from bot.studio.orders.result_cache import ResultCache
from bot.studio.styles.style_library import StyleLibrary
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.errors import BadEndPicture, BadPicture, JobGone, MutoscopeError, Unavailable
from storage.domain.job import Job
from storage.domain.request import GenerationRequest
from storage.domain.trust.limits import Limits

MADE = ""
"""What pictures are locked by that are not made yet."""


@dataclass(kw_only=True)
class OrderStorage:
    """Puts new jobs into the database and their pictures into the blob store.

    locks are of pictures and styles, shared with whatever deletes them.
    """

    jobs: Jobs
    blobs: Blobs
    cache: ResultCache
    styles: StyleLibrary
    locks: KeyedLocks

    @contextlib.asynccontextmanager
    async def locked(self, requests: Sequence[GenerationRequest]) -> AsyncIterator[None]:
        """Hold the locks of the requests' pictures and styles.

        Those that are made have one between them, for nobody knows before what they will be.
        """
        keys = {key for one in requests for key in one.pictures}
        keys |= {one.style.file for one in requests if one.style is not None}
        keys |= {MADE for one in requests if one.text_to_image is not None}
        async with contextlib.AsyncExitStack() as stack:
            for key in sorted(keys):
                await stack.enter_async_context(self.locks.of(key))
            yield

    async def store(
        self,
        requester: Requester,
        new: Sequence[Job],
        uploads: Sequence[Sequence[bytes]],
        limits: Limits,
    ) -> list[Job]:
        """Store the uploads and jobs, those with a cached clip as done; refused ones leave nothing.

        The caller holds the locks.
        """
        jobs = [await self.cache.answer(job) for job in new]
        try:
            if requester.begun_order and any(uploads):
                keys = {key for job in jobs for key in job.request.pictures}
                message = requester.reply_to.message
                await self.jobs.begun_orders.note(requester.begun_order, message, keys)
            for job, own in zip(jobs, uploads, strict=True):
                stored = [await self.blobs.put(upload) for upload in own]
                await self._check_there(job.request, stored)
                if not job.status.final:  # a cached clip needs no style
                    await self.styles.check_there(job.request)
            await self.jobs.add(*jobs, begun_order=requester.begun_order, limits=limits)
            await self._put_again(uploads)
        except MutoscopeError:
            for job in jobs:
                await delete_unused(self.jobs, self.blobs, job.id, job.request.pictures)
            raise
        return jobs

    async def delete(self, job: Job, *, shown: bool) -> None:
        """Delete an ended job with its clip and its pictures, but for what another refers to.

        Where it stays shown, all messages with it are deleted too.
        """
        async with self.locked([job.request]):
            await self.jobs.forget(job.id, shown=shown)
            left = (*job.request.pictures, job.request.source, *blobs_of(job.clip))
            await delete_unused(self.jobs, self.blobs, job.id, left)

    async def _check_there(self, request: GenerationRequest, stored: Sequence[str]) -> None:
        """Raise JobGone or BadPicture where the store lacks what a request is made from.

        What was stored just now is not looked for: `_put_again` does that.
        """
        if request.source:
            if not await self.blobs.has(request.source):
                raise JobGone("job_deleted")
            return
        missing = [
            key for key in request.pictures if key not in stored and not await self.blobs.has(key)
        ]
        if missing:
            raise (BadPicture if request.picture in missing else BadEndPicture)("picture_gone")

    async def _put_again(self, uploads: Sequence[Sequence[bytes]]) -> None:
        """Store pictures again that another bot deleted before it could know of these jobs."""
        for picture in {picture for own in uploads for picture in own}:
            with contextlib.suppress(Unavailable):  # the order is placed
                try:
                    await self.blobs.size(sha256(picture).hexdigest())
                except KeyError:
                    await self.blobs.put(picture)

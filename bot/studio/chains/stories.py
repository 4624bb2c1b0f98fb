"""Stories that are stopped early, and what their finished segments leave in the blob store."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable

from bot.studio.cleanup import delete_unused
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.errors import JobGone, Unavailable
from storage.domain.job import Job
from storage.logs import log_job
from storage.queue.client import Queue

log = logging.getLogger(__name__)


class Stories:
    """Lets stories end with the segments that are made, and deletes these at the job's end."""

    def __init__(
        self, jobs: Jobs, blobs: Blobs, queue: Queue, clock: Callable[[], float] = time.time
    ) -> None:
        self._jobs = jobs
        self._blobs = blobs
        self._queue = queue
        self._clock = clock

    async def stop(self, job: Job, attempt: int = 0) -> Job | None:
        """Let an unfinished story have no more segments than are made; refund the others.

        An attempt that is given has failed, and the job waits for the next one, which joins what is
        made. Return the changed job, which another bot may have changed, or None where no segment
        is made, or as many as are to be.
        """
        if not job.request.segments:
            return None
        try:
            made = len(await self._queue.segments(job.id))
        except Unavailable:
            return None
        if not 0 < made < job.request.segment_count:
            return None
        stopped = await self._jobs.shorten(job.id, made, self._clock(), attempt)
        if stopped is None:  # another was faster
            return await self._jobs.get(job.id)
        with log_job(job.id):
            log.info("stopped after segment %d of %d", made, len(job.request.segments))
        return stopped

    async def clean(self) -> None:
        """Delete the segments of jobs that have ended, whoever was killed at their end."""
        for job_id in await self._queue.jobs_with_segments():
            ended = True
            with contextlib.suppress(JobGone):
                ended = (await self._jobs.get(job_id)).status.final
            if ended:
                await self.delete_segments(job_id)

    async def delete_segments(self, job_id: str) -> None:
        """Delete the segments of a job that has ended; an outage leaves them to `clean`."""
        with contextlib.suppress(Unavailable):
            segments = await self._queue.segments(job_id)
            keys = [key for segment in segments for key in (segment.blob, segment.last)]
            await delete_unused(self._jobs, self._blobs, job_id, keys)
            await self._queue.drop_segments(job_id)

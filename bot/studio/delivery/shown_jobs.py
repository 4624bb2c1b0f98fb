"""The jobs that a front end shows: which they are, where, and what of them was delivered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.studio.events import EventBus, JobChanged
from storage.blobs import Blobs
from storage.clip_file import DamagedClip, check_clip_file
from storage.database.jobs import Jobs
from storage.domain.clip import Clip
from storage.domain.errors import JobGone, Unavailable
from storage.domain.job import MAX_DEATHS, Job, ReplyTarget
from storage.queue.client import Queue

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ShownJobs:
    """Finds jobs and clips for the front ends that show them, and records what was delivered.

    holder returns what this process holds jobs by.
    """

    jobs: Jobs
    blobs: Blobs
    queue: Queue
    events: EventBus
    clock: Callable[[], float]
    holder: Callable[[], str]

    async def at(self, front: str, channel: str, message: str) -> Job | None:
        """Return the job that a front end's message shows, if any."""
        return await self.jobs.search.by_message(front, channel, message)

    async def unfinished(self, front: str) -> list[Job]:
        """Return the jobs that this front end shows and that have not ended, the oldest first."""
        return self._held(front, await self.jobs.pending.all())

    async def undelivered(self, front: str) -> list[Job]:
        """Return the ended jobs that this front end is to deliver yet, the oldest first."""
        return self._held(front, await self.jobs.search.undelivered())

    async def clip_file(self, clip: Clip) -> bytes | None:
        """Return the file of a clip, None where the store has it no more, or damaged."""
        try:
            data = await self.blobs.get(clip.blob)
            check_clip_file(data, clip.container)
        except (KeyError, DamagedClip):
            return None
        return data

    async def preview(self, job_id: str) -> bytes | None:
        """Return the newest preview (an animated WebP) of a job, None where there is none."""
        try:
            job = await self.jobs.get(job_id)
            return await self.queue.preview(job_id, job.attempt)
        except (JobGone, Unavailable):
            return None

    async def remake(self, job_id: str) -> bool:
        """Queue a job again whose clip was lost before its delivery; False where it is over."""
        job = await self.jobs.get(job_id)
        if job.deaths + 1 >= MAX_DEATHS:
            return False
        reopened = await self.jobs.reopen(job_id)
        if reopened is None:
            return False
        log.warning("the clip is lost; it is made again")
        self.events.publish(JobChanged(reopened))
        return True

    async def move(self, job: Job, reply_to: ReplyTarget) -> None:
        """Change where a job is answered; raise HolderChanged where another bot does it now."""
        await self.jobs.move(job, reply_to)

    async def delivered(
        self, job_id: str, message: str = "", *, charged: bool = True, waits: bool = False
    ) -> None:
        """Record that a job's end was delivered, and in which message (empty: as before).

        waits: it waits until its owner fetches it.
        """
        at = self.clock()
        await self.jobs.delivered(job_id, message, at, waits=waits, charged=charged)

    async def drop_dead_tokens(self, now: float) -> None:
        """Delete the interaction tokens that have expired by a front end's clock."""
        await self.jobs.drop_dead_tokens(now)

    def _held(self, front: str, jobs: Sequence[Job]) -> list[Job]:
        holder = self.holder()
        return [job for job in jobs if job.reply_to.front == front and job.holder == holder]

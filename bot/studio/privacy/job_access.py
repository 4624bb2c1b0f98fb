"""The one door by which a person comes to a job by its id: a private one is its owner's."""

from __future__ import annotations

from bot.studio.privacy.private_orders import is_private
from storage.database.jobs import Jobs
from storage.domain.errors import JobGone
from storage.domain.job import Job
from storage.domain.trust.place import Place


class JobAccess:
    """Finds jobs for people."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def job(self, job_id: str, person: str, place: Place) -> Job:
        """Return a job; raise JobGone where it is deleted, or unknown to this person.

        A private one is known to others where its owner has shown it to a whole channel.
        """
        job = await self._jobs.get(job_id)
        if job.owner == person or not is_private(job.request):
            return job
        if place.channel and await self._jobs.privacy.posts.shows(job_id, place.channel):
            return job
        raise JobGone("job_unknown")

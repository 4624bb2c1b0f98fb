"""What was tried to deliver jobs, and the outcomes that wait until their owner fetches them."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.database.jobs import Jobs
from storage.domain.delivery_state import DeliveryState
from storage.domain.job import Job, ReplyTarget

LISTED = 5


class Deliveries:
    """Records each step of a delivery before it is taken."""

    def __init__(self, jobs: Jobs, clock: Callable[[], float] = time.time) -> None:
        self._jobs = jobs
        self._clock = clock
        self._untold: set[str] | None = None  # people who were not told of a waiting outcome

    async def state(self, job_id: str) -> DeliveryState:
        """Return what was tried for a job."""
        return await self._jobs.deliveries.get(job_id)

    async def save(self, job: Job, state: DeliveryState) -> None:
        """Store what was tried for a job."""
        await self._jobs.deliveries.put(job, state)

    async def move(self, job_id: str, reply_to: ReplyTarget) -> None:
        """Change where a job is answered."""
        await self._jobs.move(job_id, reply_to)

    async def delivered(self, job_id: str, message: str, *, charged: bool = True) -> None:
        """Record that a job's end was delivered, and in which message (empty: as before)."""
        await self._jobs.delivered(job_id, message, self._clock(), charged=charged)

    async def keep(self, job_id: str, *, charged: bool = True) -> None:
        """Let a job's outcome wait until its owner fetches it."""
        await self._jobs.delivered(job_id, "", self._clock(), waits=True, charged=charged)
        self._untold = None

    async def fetchable(self, owner: str) -> list[Job]:
        """Return the outcomes that wait for this person, the newest first."""
        return await self._jobs.deliveries.fetchable(owner, LISTED)

    async def recent(self, owner: str) -> list[Job]:
        """Return this person's latest clips, the newest first."""
        return await self._jobs.deliveries.recent(owner, LISTED)

    async def take_untold(self, owner: str) -> int:
        """Return how many waiting outcomes this person was not told of, and count them as told."""
        if self._untold is None:
            self._untold = await self._jobs.deliveries.untold()
        if owner not in self._untold:
            return 0
        self._untold.discard(owner)
        return await self._jobs.deliveries.take_untold(owner, self._clock())

    async def fetched(self, job_id: str) -> None:
        """Record that a waiting outcome was handed to its owner."""
        await self._jobs.deliveries.fetched(job_id)

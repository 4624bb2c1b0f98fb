"""The order in which waiting jobs will be taken, read from few columns of each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.rows import UNFINISHED
from storage.database.tables import jobs
from storage.domain.fairness import next_jobs
from storage.domain.job import Status


@dataclass(frozen=True, slots=True)
class UnfinishedJob:
    """The columns that the order depends on; dispatched is 0 while Redis does not have the job."""

    id: str
    owner: str
    status: str
    created: float
    dispatched: float


async def queued_ids(connection: AsyncConnection) -> list[str]:
    """Return the ids of the jobs that no worker has taken, the next one first."""
    columns = (jobs.c.id, jobs.c.owner, jobs.c.status, jobs.c.created, jobs.c.dispatched)
    rows = await connection.execute(select(*columns).where(jobs.c.status.in_(UNFINISHED)))
    unfinished = [UnfinishedJob(*row) for row in rows if _is_readable(*row)]
    dispatched = [job for job in unfinished if job.dispatched]
    rest = [job for job in unfinished if not job.dispatched]
    queued = [job for job in dispatched if job.status == Status.QUEUED.value]
    queued.sort(key=lambda job: job.dispatched)
    fair = next_jobs(rest, dispatched, len(rest), await last_served(connection))
    return [job.id for job in (*queued, *fair)]


async def last_served(connection: AsyncConnection) -> dict[str, float]:
    """Return when each owner of a waiting job last had one dispatched, in unix seconds."""
    waiting = select(jobs.c.owner).where(jobs.c.status == Status.QUEUED.value)
    latest = (
        select(jobs.c.owner, func.max(jobs.c.dispatched))
        .where(jobs.c.owner.in_(waiting))
        .group_by(jobs.c.owner)
    )
    return {
        owner: moment
        for owner, moment in await connection.execute(latest)
        if moment and isinstance(moment, float)
    }


def _is_readable(job: object, owner: object, _: object, created: object, at: object) -> bool:
    """Tell whether the columns can be compared: SQLite stores anything anywhere."""
    texts = isinstance(job, str) and isinstance(owner, str)
    return texts and isinstance(created, float) and isinstance(at, float)

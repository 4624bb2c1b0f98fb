"""Job line: in which order the waiting jobs will be taken, read from few columns of each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.rows import UNFINISHED
from storage.database.tables import jobs
from storage.domain.fairness import next_jobs
from storage.domain.job import Status


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job as far as its turn is concerned; dispatched is 0 while only the database knows it."""

    id: str
    owner: str
    status: str
    created: float
    dispatched: float


async def line(connection: AsyncConnection) -> list[str]:
    """Return the ids of the jobs that no worker has taken, the next one first."""
    columns = (jobs.c.id, jobs.c.owner, jobs.c.status, jobs.c.created, jobs.c.dispatched)
    rows = await connection.execute(select(*columns).where(jobs.c.status.in_(UNFINISHED)))
    tickets = [Ticket(*row) for row in rows]
    ahead = [ticket for ticket in tickets if ticket.dispatched]
    rest = [ticket for ticket in tickets if not ticket.dispatched]
    queued = [ticket for ticket in ahead if ticket.status == Status.QUEUED.value]
    queued.sort(key=lambda ticket: ticket.dispatched)
    turns = next_jobs(rest, ahead, len(rest), await served(connection))
    return [ticket.id for ticket in (*queued, *turns)]


async def served(connection: AsyncConnection) -> dict[str, float]:
    """Return when each person with a waiting job was last handed a worker (unix seconds)."""
    waiting = select(jobs.c.owner).where(jobs.c.status == Status.QUEUED.value)
    latest = (
        select(jobs.c.owner, func.max(jobs.c.dispatched))
        .where(jobs.c.owner.in_(waiting))
        .group_by(jobs.c.owner)
    )
    return {owner: moment for owner, moment in await connection.execute(latest) if moment}

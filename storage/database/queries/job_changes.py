"""One job is read, or changed where a condition holds, inside of a transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, TextClause, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import totals
from storage.database.rows import job_of
from storage.database.tables import jobs
from storage.domain.errors import JobGone
from storage.domain.job import Job

VISIBLE = jobs.c.forgotten.is_(False)

Condition = ColumnElement[bool] | TextClause


async def get_job(connection: AsyncConnection, job_id: str) -> Job:
    """Return the job; raise JobGone where it is unknown or deleted."""
    if not (job_id.isascii() and job_id.isprintable()):  # of a form that nobody was offered
        raise JobGone("job_unknown")
    query = select(jobs).where(jobs.c.id == job_id)
    row = (await connection.execute(query)).mappings().first()
    if row is None or row["forgotten"]:
        raise JobGone("job_unknown" if row is None else "job_deleted")
    return job_of(row)


async def change_job(
    connection: AsyncConnection, job_id: str, allowed: Condition, changes: dict[str, Any]
) -> Job | None:
    """Change the job if it matches the condition; return the changed job, or None."""
    here = jobs.c.id == job_id
    query = select(jobs).where(here, allowed).with_for_update()
    old = (await connection.execute(query)).mappings().first()
    if old is None:
        return None
    change = update(jobs).where(here).values(changes).returning(*jobs.c)
    new = (await connection.execute(change)).mappings().one()
    job = job_of(new)
    await totals.record(connection, dict(old), dict(new))
    return job


async def step_job(
    connection: AsyncConnection, job_id: str, allowed: Condition, **changes: Any
) -> Job:
    """Change a job if it matches the condition; raise JobGone otherwise."""
    job = await change_job(connection, job_id, allowed, changes)
    if job is None:
        job = await get_job(connection, job_id)
        raise JobGone("job_over", status=job.status.value)
    return job

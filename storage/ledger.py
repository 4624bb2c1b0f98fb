"""Ledger: what each person reserved, spent and got back, as rows that are only ever added.

A job has one reservation and at most one end: settled (the reservation stands) or refunded. Each
function works within the caller's transaction, so that a job and its credits change together.
"""

from __future__ import annotations

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.domain.catalogue import QuotaRow
from storage.domain.job import Job, Status
from storage.domain.quota import DAY, Allowance, day_of
from storage.job_rows import UNFINISHED
from storage.tables import jobs, ledger, owners


async def lock_owner(connection: AsyncConnection, owner: str) -> None:
    """Keep this person's other reservations waiting until the transaction ends."""
    wanted = select(owners.c.owner).where(owners.c.owner == owner).with_for_update()
    if (await connection.execute(wanted)).first() is not None:
        return
    try:
        async with connection.begin_nested():
            await connection.execute(insert(owners).values(owner=owner))
    except IntegrityError:  # somebody else made the row meanwhile
        await connection.execute(wanted)


async def reserve(connection: AsyncConnection, job: Job) -> None:
    """Take the job's cost from its owner's allowance."""
    await _write(connection, job, "reserve", job.cost, job.created)


async def close(connection: AsyncConnection, job: Job) -> None:
    """Settle what a job reserved if it gave a clip, and give it back otherwise."""
    if job.status is Status.DONE:
        await _write(connection, job, "settle", 0, job.ended)
    else:
        await _write(connection, job, "refund", -job.cost, job.ended)


async def allowance(
    connection: AsyncConnection, owner: str, now: float, quota: QuotaRow
) -> Allowance:
    """Return what the person spent and reserved of today's credits."""
    today = day_of(now)
    mine = (ledger.c.owner == owner) & (ledger.c.day == today)
    total = await connection.scalar(select(func.sum(ledger.c.credits)).where(mine))
    running = jobs.c.status.in_(UNFINISHED)
    reserved = await connection.scalar(
        select(func.sum(ledger.c.credits))
        .join(jobs, jobs.c.id == ledger.c.job)
        .where(mine, running)
    )
    unfinished = await connection.scalar(
        select(func.count()).select_from(jobs).where(jobs.c.owner == owner, running)
    )
    return Allowance(
        spent=(total or 0) - (reserved or 0),
        reserved=reserved or 0,
        limit=quota.credits_per_day,
        resets_at=float((today + 1) * DAY),
        unfinished=unfinished or 0,
    )


async def _write(
    connection: AsyncConnection, job: Job, entry: str, credits: int, at: float
) -> None:
    await connection.execute(
        insert(ledger).values(
            owner=job.owner,
            job=job.id,
            entry=entry,
            credits=credits,
            day=day_of(job.created),
            at=at,
        )
    )

"""The append-only ledger of credits that each person reserved, spent and got back.

A job has one reservation and at most one end: settled (the reservation stands) or refunded. Each
function runs in the caller's transaction, so that a job and its credits change together.
"""

from __future__ import annotations

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.rows import UNFINISHED
from storage.database.tables import jobs, ledger
from storage.domain.catalogue import QuotaRow
from storage.domain.job import Job
from storage.domain.quota import DAY, Allowance, day_of


async def reserve(connection: AsyncConnection, job: Job) -> None:
    """Reserve the job's cost from its owner's allowance."""
    await _write(connection, job, "reserve", job.cost, job.created)


async def settle(connection: AsyncConnection, job: Job, at: float) -> None:
    """Let the job's reservation stand; earlier versions did so already at the clip's end."""
    settled = (ledger.c.job == job.id) & (ledger.c.entry == "settle")
    if await connection.scalar(select(ledger.c.id).where(settled)) is None:
        await _write(connection, job, "settle", 0, at)


async def refund(connection: AsyncConnection, job: Job, at: float) -> None:
    """Give the job's reservation back."""
    await _write(connection, job, "refund", -job.cost, at)


async def allowance(
    connection: AsyncConnection, owner: str, now: float, quota: QuotaRow
) -> Allowance:
    """Return what the person spent and reserved of today's credits."""
    today = day_of(now)
    mine = (ledger.c.owner == owner) & (ledger.c.day == today)
    running = jobs.c.status.in_(UNFINISHED)
    total = select(func.sum(ledger.c.credits)).where(mine)
    held = select(func.sum(ledger.c.credits)).join(jobs, jobs.c.id == ledger.c.job)
    unfinished = select(func.count()).select_from(jobs).where(jobs.c.owner == owner, running)
    sums = select(
        func.coalesce(total.scalar_subquery(), 0).label("total"),
        func.coalesce(held.where(mine, running).scalar_subquery(), 0).label("reserved"),
        unfinished.scalar_subquery().label("unfinished"),
    )
    row = (await connection.execute(sums)).mappings().one()
    return Allowance(
        spent=row["total"] - row["reserved"],
        reserved=row["reserved"],
        limit=quota.credits_per_day,
        resets_at=float((today + 1) * DAY),
        unfinished=row["unfinished"],
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

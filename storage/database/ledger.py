"""The ledger of credits that each person reserved, spent and got back.

A job has one reservation and at most one end: settled (the reservation stands) or refunded. A story
that is stopped early has its reservation reduced before. Each function runs in the caller's
transaction, so that a job and its credits change together.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.tables import IN_FLIGHT, WAITING, jobs, ledger, owner_queues
from storage.database.totals import sane
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


async def reduce(connection: AsyncConnection, job: Job, credits: int, at: float) -> None:
    """Give a part of an unfinished job's reservation back; what is given back adds up."""
    reduced = (ledger.c.job == job.id) & (ledger.c.entry == "reduce")
    more = update(ledger).where(reduced).values(credits=ledger.c.credits - credits, at=at)
    if not (await connection.execute(more)).rowcount:
        await _write(connection, job, "reduce", -credits, at)


async def reopen(connection: AsyncConnection, job_id: str) -> None:
    """Take back a settlement: the job is to be made again on the same reservation."""
    settled = (ledger.c.job == job_id) & (ledger.c.entry == "settle")
    await connection.execute(delete(ledger).where(settled))


async def allowance(
    connection: AsyncConnection, owner: str, now: float, quota: QuotaRow
) -> Allowance:
    """Return what the person spent and reserved of today's credits."""
    today = day_of(now)
    mine = (ledger.c.owner == owner) & (ledger.c.day == today)
    ordered_today = and_(
        jobs.c.owner == owner, jobs.c.created >= today * DAY, jobs.c.created < (today + 1) * DAY
    )
    unfinished = func.sum(owner_queues.c.waiting + owner_queues.c.active)
    query = select(
        _scalar(func.coalesce(func.sum(ledger.c.credits), 0), mine),
        _scalar(func.coalesce(func.sum(sane(jobs.c.cost)), 0), and_(ordered_today, WAITING)),
        _scalar(func.coalesce(func.sum(sane(jobs.c.cost)), 0), and_(ordered_today, IN_FLIGHT)),
        _scalar(unfinished, owner_queues.c.owner == owner),
    )
    total, waiting, in_flight, count = (await connection.execute(query)).one()
    return Allowance(
        spent=total - waiting - in_flight,
        reserved=waiting + in_flight,
        limit=quota.credits_per_day,
        resets_at=float((today + 1) * DAY),
        unfinished=int(count or 0),
    )


def _scalar(column: ColumnElement[Any], where: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(column).where(where).scalar_subquery()


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

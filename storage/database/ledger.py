"""The ledger of credits that each person reserved, spent and got back.

A job has one reservation and at most one end: settled (the reservation stands) or refunded. A story
that is stopped early has its reservation reduced before. Each function runs in the caller's
transaction, so that a job and its credits change together.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.privacy.spender_mark import mark_of
from storage.database.rows import as_stored
from storage.database.tables import IN_FLIGHT, WAITING, jobs, ledger, owner_queues
from storage.database.usage.contribution import sane_column
from storage.domain.catalogue import QuotaRow
from storage.domain.job import Job
from storage.domain.quota import DAY, Allowance, Budget, ServerAllowance, day_of, month_of
from storage.domain.trust.limits import Limits


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


async def refund_unread(connection: AsyncConnection, job_id: str, at: float) -> None:
    """Give back what a job reserved whose row cannot be read."""
    stored = as_stored(job_id)
    mine, rest = ledger.c.job == stored, func.sum(ledger.c.credits).label("rest")
    query = select(ledger.c.owner, ledger.c.day, rest).where(mine)
    for row in await connection.execute(query.group_by(ledger.c.owner, ledger.c.day)):
        values = {"owner": row.owner, "job": stored, "entry": "refund", "credits": -row.rest}
        await connection.execute(insert(ledger).values(**values, day=row.day, at=at))


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
    connection: AsyncConnection,
    owner: str,
    now: float,
    quota: QuotaRow,
    server: tuple[str, Limits] | None = None,
) -> Allowance:
    """Return what the person spent and reserved of the credits of today and of this month.

    server is the id of one, with their limits there.
    """
    today, month = day_of(now), month_of(now)
    mark = await mark_of(connection, owner, now)
    reader = _Sums(connection, owner, mark)
    day = await reader.budget(range(today, today + 1), quota.credits_per_day)
    unfinished = func.sum(owner_queues.c.waiting + owner_queues.c.active)
    count = await connection.scalar(select(unfinished).where(owner_queues.c.owner == owner))
    here = None
    if server is not None and server[1].counts:
        guild, limits = server
        here = ServerAllowance(
            day=await reader.budget(range(today, today + 1), limits.credits_per_day, guild),
            month=await reader.budget(month, limits.credits_per_month, guild),
            unfinished=await reader.unfinished(guild),
            unfinished_limit=limits.unfinished_jobs,
        )
    return Allowance(
        spent=day.spent,
        reserved=day.reserved,
        limit=quota.credits_per_day,
        resets_at=day.resets_at,
        unfinished=int(count or 0),
        month=await reader.budget(month, quota.credits_per_month),
        server=here,
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    """Reads what one person ordered, everywhere or in one server."""

    connection: AsyncConnection
    owner: str
    mark: str | None  # by which what they spent counts since they were forgotten

    async def budget(self, days: range, limit: int | None, guild: str | None = None) -> Budget:
        """Return what was ordered on these days, in one server unless it is None."""
        names = [self.owner] if self.mark is None else [self.owner, self.mark]
        mine = and_(ledger.c.owner.in_(names), ledger.c.day.between(days[0], days[-1]))
        source: FromClause = ledger
        if guild is not None:
            source = ledger.join(jobs, jobs.c.id == ledger.c.job)
            mine = and_(mine, jobs.c.guild == guild)
        total = select(func.coalesce(func.sum(ledger.c.credits), 0)).select_from(source).where(mine)
        cost = func.coalesce(func.sum(sane_column(jobs.c.cost)), 0)
        created = and_(jobs.c.created >= days.start * DAY, jobs.c.created < days.stop * DAY)
        reserved = [
            select(cost).where(*self._orders(guild), created, condition).scalar_subquery()
            for condition in (WAITING, IN_FLIGHT)
        ]
        row = (await self.connection.execute(select(total.scalar_subquery(), *reserved))).one()
        held = row[1] + row[2]
        return Budget(row[0] - held, held, limit, float(days.stop * DAY))

    async def unfinished(self, guild: str) -> int:
        """Return how many unfinished jobs the person has in one server."""
        counts = [
            select(func.count()).where(*self._orders(guild), condition).scalar_subquery()
            for condition in (WAITING, IN_FLIGHT)
        ]
        return sum((await self.connection.execute(select(*counts))).one())

    def _orders(self, guild: str | None) -> list[ColumnElement[bool]]:
        mine = [jobs.c.owner == self.owner]
        return mine if guild is None else [*mine, jobs.c.guild == guild]


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

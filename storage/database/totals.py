"""Sums over jobs, for each owner and for each day, kept up to date by every change of a job.

So neither a report nor the choice of the next job reads the table of jobs. `record` runs in the
transaction of the change; owner by owner these transactions run one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.tables import (
    BILLED,
    IN_FLIGHT,
    WAITING,
    days,
    guild_days,
    jobs,
    owner_queues,
    owners,
)
from storage.domain.job import Status
from storage.domain.quota import day_of

LARGEST = 10**9  # of the numbers that are added up

JobRow = Mapping[str, Any]
"""The columns of a job's row by their names."""

TOTALS = (*(status.value for status in Status), "cached", "credits", "saved", "seconds", *BILLED)
"""The columns of sums that owners and days share."""

SPENT = ("seconds", *BILLED)
"""The columns of sums that servers have too: GPU time, and the money for it."""


async def record(connection: AsyncConnection, old: JobRow | None, new: JobRow) -> None:
    """Take a change of a job into the sums; old is None where the job is new."""
    before = dict.fromkeys(TOTALS, 0) if old is None else contribution(old)
    after = contribution(new)
    if old is not None and before == after and old["dispatched"] == new["dispatched"]:
        return
    change = {name: after[name] - before[name] for name in TOTALS}
    await lock(connection, new["owner"])
    await _record_owner(connection, new, change)
    await _record_queue(connection, old, new)
    await _record_day(connection, new["guild"], day_of(new["created"]), change)


async def lock_sums(connection: AsyncConnection, rows: Iterable[JobRow]) -> None:
    """Take the locks that `record` takes for these jobs, in the order that everybody keeps to.

    A transaction that changes jobs of several owners does so before the first: two that hold a
    lock and wait for each other's would otherwise both have to be given up.
    """
    rows = list(rows)
    for owner in sorted({row["owner"] for row in rows}):
        await lock(connection, owner)
    for day in sorted({day_of(row["created"]) for row in rows}):
        await lock(connection, _day_lock(day))


def contribution(row: JobRow) -> dict[str, Any]:
    """Return what one job adds to the sums; a damaged number adds nothing."""
    made = row["status"] == Status.DONE.value and not row["cached"]
    return {
        **{status.value: int(row["status"] == status.value) for status in Status},
        "cached": int(row["cached"]),
        "credits": _sane(row["cost"]) if made else 0,
        "saved": _sane(row["saved"]),
        **{name: _sane(row[name]) if made else 0 for name in ("seconds", *BILLED)},
    }


def job_sums() -> list[ColumnElement[Any]]:
    """Return what contribution adds up to over jobs, in the order of TOTALS, as SQL."""
    made = and_(jobs.c.status == Status.DONE.value, jobs.c.cached.is_(False))
    return [
        *(func.sum(case((jobs.c.status == status.value, 1), else_=0)) for status in Status),
        func.sum(case((jobs.c.cached.is_(True), 1), else_=0)),
        func.sum(case((made, sane(jobs.c.cost)), else_=0)),
        func.sum(sane(jobs.c.saved)),
        *(func.sum(case((made, sane(jobs.c[one])), else_=0)) for one in ("seconds", *BILLED)),
    ]


def sane(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the number, or 0 where it is damaged: it must not make the sum of all overflow."""
    return case((column.between(0, LARGEST), column), else_=0)


def _sane(value: object) -> float:
    """Return the number as sane() does."""
    return value if isinstance(value, int | float) and 0 <= value <= LARGEST else 0


async def _record_owner(
    connection: AsyncConnection, new: JobRow, change: Mapping[str, Any]
) -> None:
    mine = owners.c.owner == new["owner"]
    latest = await connection.scalar(select(owners.c.latest).where(mine))
    if latest is None:
        values = {**change, "owner": new["owner"], "latest": new["created"]}
        await connection.execute(insert(owners).values(values))
    else:
        sums = {name: owners.c[name] + value for name, value in change.items() if value}
        values = {**sums, "latest": max(latest, new["created"])}
        await connection.execute(update(owners).where(mine).values(values))


async def _record_queue(connection: AsyncConnection, old: JobRow | None, new: JobRow) -> None:
    """Take a change of a job into its owner's place in the queue of its model."""
    key = {"owner": new["owner"], "model": new["model"]}
    mine = and_(*(owner_queues.c[name] == value for name, value in key.items()))
    row = (await connection.execute(select(owner_queues).where(mine))).first()
    waiting = (row.waiting if row else 0) + _waits(new) - (old is not None and _waits(old))
    columns = {"waiting": waiting, **await _turn(connection, row, new)}
    if row is None:
        await connection.execute(insert(owner_queues).values(key | columns))
    else:
        await connection.execute(update(owner_queues).where(mine).values(columns))


async def _turn(connection: AsyncConnection, row: Row[Any] | None, new: JobRow) -> dict[str, Any]:
    """Return the columns by which the owner's next job finds its place among the others'."""
    mine = and_(jobs.c.owner == new["owner"], jobs.c.model == new["model"])
    flying = and_(mine, IN_FLIGHT)
    query = select(func.count(), func.max(jobs.c.dispatched)).where(flying)
    active, dispatched = (await connection.execute(query)).one()
    dispatched = dispatched if isinstance(dispatched, float) else 0.0  # else one is damaged
    line = and_(mine, WAITING)
    oldest = select(jobs.c.created).where(line).order_by(jobs.c.created, jobs.c.id).limit(1)
    head = await connection.scalar(oldest)
    head = head if isinstance(head, float) else 0.0
    ended = new["dispatched"] if Status(new["status"]).final else 0.0
    served = max(row.served if row else 0.0, ended)
    return {
        "active": active,
        "head_created": head,
        "served": served,
        "turn": max(served, dispatched, head),
    }


async def _record_day(
    connection: AsyncConnection, guild: str, day: int, change: Mapping[str, Any]
) -> None:
    sums = {name: days.c[name] + value for name, value in change.items() if value}
    if not sums:
        return
    await lock(connection, _day_lock(day))
    done = await connection.execute(update(days).where(days.c.day == day).values(sums))
    if not done.rowcount:
        await connection.execute(insert(days).values(day=day, **change))
    await _record_guild(connection, guild, day, {name: change[name] for name in SPENT})


async def _record_guild(
    connection: AsyncConnection, guild: str, day: int, change: Mapping[str, Any]
) -> None:
    """Take a change into a server's sums; the day's lock keeps everybody else from them."""
    if not any(change.values()):
        return
    sums = {name: guild_days.c[name] + value for name, value in change.items()}
    here = (guild_days.c.guild == guild) & (guild_days.c.day == day)
    done = await connection.execute(update(guild_days).where(here).values(sums))
    if not done.rowcount:
        await connection.execute(insert(guild_days).values(guild=guild, day=day, **change))


def _day_lock(day: int) -> str:
    return f"day {day}"


def _waits(row: JobRow) -> bool:
    return bool(row["status"] == Status.QUEUED.value and not row["dispatched"])

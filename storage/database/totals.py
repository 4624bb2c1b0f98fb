"""Sums over jobs, for each owner and for each day, kept up to date by every change of a job.

So neither a report nor the choice of the next job reads the table of jobs. `record` runs in the
transaction of the change; owner by owner these transactions run one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.tables import IN_FLIGHT, WAITING, days, jobs, owner_queues, owners
from storage.database.usage import sums as usage
from storage.database.usage.contribution import TOTALS, JobRow, contribution
from storage.domain.job import Status
from storage.domain.quota import day_of

_PLACE = ("dispatched", "guild")
"""The columns beside a contribution that sums depend on."""


async def record(connection: AsyncConnection, old: JobRow | None, new: JobRow) -> None:
    """Take a change of a job into the sums; old is None where the job is new."""
    before = {} if old is None else contribution(old)
    after = contribution(new)
    if before == after and old is not None and all(old[name] == new[name] for name in _PLACE):
        return
    change = {name: after[name] - before.get(name, 0) for name in TOTALS}
    await lock(connection, new["owner"])
    await _record_owner(connection, new, change)
    await _record_queue(connection, old, new)
    await _record_day(connection, day_of(new["created"]), change)
    await usage.record(connection, old, new)


async def lock_sums(connection: AsyncConnection, rows: Iterable[JobRow]) -> None:
    """Take the locks that `record` takes for these jobs, in the order that everybody keeps to.

    A transaction that changes jobs of several owners does so before the first: two that hold a
    lock and wait for each other's would otherwise both have to be given up.
    """
    rows = list(rows)
    for owner in sorted({row["owner"] for row in rows}):
        await lock(connection, owner)
    for day in sorted({day_of(row["created"]) for row in rows}):
        await usage.lock_day(connection, day)


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


async def _record_day(connection: AsyncConnection, day: int, change: Mapping[str, Any]) -> None:
    sums = {name: days.c[name] + value for name, value in change.items() if value}
    if not sums:
        return
    await usage.lock_day(connection, day)
    done = await connection.execute(update(days).where(days.c.day == day).values(sums))
    if not done.rowcount:
        await connection.execute(insert(days).values(day=day, **change))


def _waits(row: JobRow) -> bool:
    return bool(row["status"] == Status.QUEUED.value and not row["dispatched"])

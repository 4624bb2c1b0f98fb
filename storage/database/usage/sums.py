"""Keeps the sums by server, day, person and model up to date with every change of a job.

`record` runs in the transaction of the change, which holds the owner's lock before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Table, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.tables import EVERYWHERE, USAGE, usage_counts, usage_days
from storage.database.usage.contribution import JobRow, contribution, failure_key, waited
from storage.domain.quota import day_of
from storage.domain.usage.waiting_times import bucket_of

FAILURE, WAITING = "failure", "waiting"
"""What is counted beside the sums: failures by their keys, and waiting times by their buckets."""

Key = tuple[Any, ...]
"""The values of a table's primary key, in its order."""


async def lock_day(connection: AsyncConnection, day: int) -> None:
    """Let nobody else change the sums of this day until the transaction ends."""
    await lock(connection, f"day {day}")


async def record(connection: AsyncConnection, old: JobRow | None, new: JobRow) -> None:
    """Take a change of a job into the sums; old is None where the job is new."""
    before = {} if old is None else _sums(old)
    counted = Counter(_counted(new))
    counted.subtract(() if old is None else _counted(old))
    sums = _difference(before, _sums(new))
    counts = {key: {"count": change} for key, change in counted.items() if change}
    if sums or counts:
        await lock_day(connection, day_of(new["created"]))
        await _add(connection, usage_days, sums)
        await _add(connection, usage_counts, counts)


async def rename(connection: AsyncConnection, owner: str, name: str) -> None:
    """Add a person's sums to those under another name; the caller holds the locks of both."""
    mine = and_(usage_days.c.subject == owner, usage_days.c.scope != EVERYWHERE)
    days = await connection.scalars(select(usage_days.c.day).where(mine).distinct())
    for day in sorted(days):
        await lock_day(connection, day)
        that_day = and_(mine, usage_days.c.day == day)
        gone = delete(usage_days).where(that_day).returning(*usage_days.c)
        for row in (await connection.execute(gone)).mappings().all():
            key = (row["scope"], day, name, row["model"])
            await _add(connection, usage_days, {key: {one: row[one] for one in USAGE}})


def _sums(row: JobRow) -> dict[Key, dict[str, Any]]:
    """Return what a job adds to which rows of usage_days."""
    part = contribution(row)
    sums = {name: part[name] for name in USAGE}
    day = day_of(row["created"])
    return {
        (row["guild"], day, row["owner"], row["model"]): sums,
        (EVERYWHERE, day, row["guild"], row["model"]): sums,
    }


def _counted(row: JobRow) -> Iterator[Key]:
    """Yield the keys of the rows of usage_counts that count a job."""
    seconds, failure = waited(row), failure_key(row)
    for scope in (row["guild"], EVERYWHERE):
        day = day_of(row["created"])
        if seconds is not None:
            yield scope, day, WAITING, str(bucket_of(seconds))
        if failure is not None:
            yield scope, day, FAILURE, failure


def _difference(
    before: Mapping[Key, Mapping[str, Any]], after: Mapping[Key, Mapping[str, Any]]
) -> dict[Key, dict[str, Any]]:
    """Return by how much the columns change, without what stays as it is."""
    found: dict[Key, dict[str, Any]] = {}
    for key in {**before, **after}:
        old, new = before.get(key, {}), after.get(key, {})
        change = {name: new.get(name, 0) - old.get(name, 0) for name in USAGE}
        if any(change.values()):
            found[key] = change
    return found


async def _add(
    connection: AsyncConnection, table: Table, changes: Mapping[Key, Mapping[str, Any]]
) -> None:
    """Add to the columns of rows, which are created where they are missing."""
    for key, change in changes.items():
        columns = dict(zip(table.primary_key.columns.keys(), key, strict=True))
        here = and_(*(table.c[name] == value for name, value in columns.items()))
        sums = {name: table.c[name] + value for name, value in change.items() if value}
        done = await connection.execute(update(table).where(here).values(sums))
        if not done.rowcount:
            await connection.execute(insert(table).values(columns | dict(change)))

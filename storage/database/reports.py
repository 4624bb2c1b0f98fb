"""Usage reports, and the median time of similar clips."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.tables import MADE, days, jobs, owners
from storage.database.usage.contribution import TOTALS, job_sums
from storage.domain.job import Status
from storage.domain.quota import DAY, Allowance, UsageReport, day_of

RECENT = 20  # clips that a forecast looks back on


async def of_owner(connection: AsyncConnection, owner: str, allowance: Allowance) -> UsageReport:
    """Return the sums over all jobs of one person."""
    query = select(owners).where(owners.c.owner == owner)
    row = (await connection.execute(query)).mappings().first()
    return _report(dict(row or {}), int(row is not None), allowance)


async def since(connection: AsyncConnection, moment: float) -> UsageReport:
    """Return the sums over everybody's jobs that were ordered since a time (unix seconds)."""
    first = day_of(moment)
    whole = select(*(func.sum(days.c[name]) for name in TOTALS)).where(days.c.day > first)
    that_day = (jobs.c.created >= moment) & (jobs.c.created < (first + 1) * DAY)
    part = select(*job_sums()).where(that_day)
    rows = [(await connection.execute(query)).one() for query in (whole, part)]
    totals = {name: (one or 0) + (two or 0) for name, one, two in zip(TOTALS, *rows, strict=True)}
    people = select(func.count()).select_from(owners).where(owners.c.latest >= moment)
    return _report(totals, await connection.scalar(people) or 0, None)


def _report(totals: Mapping[str, Any], people: int, allowance: Allowance | None) -> UsageReport:
    return UsageReport(
        counts={status: int(totals.get(status.value, 0)) for status in Status},
        credits=int(totals.get("credits", 0)),
        saved=int(totals.get("saved", 0)),
        cached=int(totals.get("cached", 0)),
        seconds=float(totals.get("seconds", 0.0)),
        start_seconds=float(totals.get("start_seconds", 0.0)),
        idle_seconds=float(totals.get("idle_seconds", 0.0)),
        money=float(totals.get("money", 0.0)),
        owners=people,
        allowance=allowance,
    )


async def orders_since(
    connection: AsyncConnection, moment: float, limit: int
) -> list[tuple[float, float, float]]:
    """Return creation, end and seconds of clips ordered since a time, the latest at most."""
    columns = (jobs.c.created, jobs.c.ended, jobs.c.seconds)
    query = select(*columns).where(jobs.c.created >= moment, MADE)
    rows = await connection.execute(query.order_by(jobs.c.created.desc()).limit(limit))
    sound = [tuple(row) for row in rows if all(isinstance(one, float) for one in row)]
    return [(created, ended, seconds) for created, ended, seconds in reversed(sound)]


async def median_seconds(connection: AsyncConnection, workload: str) -> float | None:
    """Return the median seconds of the latest clips of this workload_key; None without any."""
    recent = (
        select(jobs.c.seconds)
        .where(jobs.c.kind == workload, MADE)
        .order_by(jobs.c.ended.desc())
        .limit(RECENT)
    )
    found = [one for one in await connection.scalars(recent) if isinstance(one, float)]
    return statistics.median(found) if found else None

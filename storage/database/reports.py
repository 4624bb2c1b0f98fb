"""Sums over jobs: usage reports, and the median time of similar clips."""

from __future__ import annotations

import statistics
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.tables import jobs
from storage.domain.job import Status
from storage.domain.quota import Allowance, UsageReport

RECENT = 20  # clips that a forecast looks back on
DONE = jobs.c.status == Status.DONE.value


async def usage(
    connection: AsyncConnection, which: ColumnElement[bool], allowance: Allowance | None
) -> UsageReport:
    """Return the sums over the jobs that match the condition."""
    counts = {status: 0 for status in Status}
    for status, count in await connection.execute(
        select(jobs.c.status, func.count()).where(which).group_by(jobs.c.status)
    ):
        if status in counts:  # else another release wrote it
            counts[Status(status)] = count
    made = and_(DONE, jobs.c.cached.is_(False))
    sums = select(
        func.sum(case((made & _sane(jobs.c.cost), jobs.c.cost), else_=0)).label("credits"),
        func.sum(case((made & _sane(jobs.c.seconds), jobs.c.seconds), else_=0.0)).label("seconds"),
        func.sum(case((_sane(jobs.c.saved), jobs.c.saved), else_=0)).label("saved"),
        func.sum(case((jobs.c.cached.is_(True), 1), else_=0)).label("cached"),
        func.count(jobs.c.owner.distinct()).label("owners"),
    ).where(which)
    row = (await connection.execute(sums)).mappings().one()
    return UsageReport(
        counts=counts,
        credits=row["credits"] or 0,
        saved=row["saved"] or 0,
        cached=row["cached"] or 0,
        seconds=row["seconds"] or 0.0,
        owners=row["owners"],
        allowance=allowance,
    )


def _sane(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Leave a damaged number out: one row must not make the sum of all overflow."""
    return column.between(0, 10**9)


async def median_seconds(connection: AsyncConnection, workload: str) -> float | None:
    """Return the median seconds of the latest clips of this workload_key; None without any."""
    recent = (
        select(jobs.c.seconds)
        .where(jobs.c.kind == workload, DONE, jobs.c.cached.is_(False))
        .order_by(jobs.c.ended.desc())
        .limit(RECENT)
    )
    found = [one for one in await connection.scalars(recent) if isinstance(one, float)]
    return statistics.median(found) if found else None

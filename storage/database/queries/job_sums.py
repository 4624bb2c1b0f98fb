"""Sums over jobs: credits, usage reports, and the median time of similar clips."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from storage.database.ledger import allowance
from storage.database.rows import workload_key
from storage.database.tables import MADE, days, jobs, owners
from storage.database.transactions import Transaction
from storage.database.usage.contribution import TOTALS, job_sums
from storage.domain.catalogue import QuotaRow
from storage.domain.job import Status
from storage.domain.quota import DAY, Allowance, UsageReport, day_of
from storage.domain.request import GenerationRequest
from storage.domain.trust.limits import UNLIMITED, Limits

RECENT = 20  # clips that a forecast looks back on
LOOKED_AT = 200  # of all models, for what a credit takes


class JobSums:
    """Reads sums; each method is one transaction."""

    def __init__(self, read: Transaction, quota: QuotaRow) -> None:
        self._read = read
        self._quota = quota

    async def allowance(
        self, owner: str, now: float, guild: str = "", limits: Limits = UNLIMITED
    ) -> Allowance:
        """Return what the person spent, reserved and has left, with these limits in a server."""
        async with self._read() as connection:
            return await allowance(connection, owner, now, self._quota, (guild, limits))

    async def of_person(
        self, owner: str, now: float, guild: str = "", limits: Limits = UNLIMITED
    ) -> UsageReport:
        """Return the sums over all jobs of one person, and what is left with these limits."""
        query = select(owners).where(owners.c.owner == owner)
        async with self._read() as connection:
            left = await allowance(connection, owner, now, self._quota, (guild, limits))
            row = (await connection.execute(query)).mappings().first()
        return _report(dict(row or {}), int(row is not None), left)

    async def of_everybody(self, since: float) -> UsageReport:
        """Return the sums over everybody's jobs that were ordered since a time (unix seconds)."""
        first = day_of(since)
        whole = select(*(func.sum(days.c[name]) for name in TOTALS)).where(days.c.day > first)
        that_day = (jobs.c.created >= since) & (jobs.c.created < (first + 1) * DAY)
        part = select(*job_sums()).where(that_day)
        people = select(func.count()).select_from(owners).where(owners.c.latest >= since)
        async with self._read() as connection:
            rows = [(await connection.execute(query)).one() for query in (whole, part)]
            count = await connection.scalar(people) or 0
        sums = {name: (one or 0) + (two or 0) for name, one, two in zip(TOTALS, *rows, strict=True)}
        return _report(sums, count, None)

    async def orders_since(self, moment: float, limit: int) -> list[tuple[float, float, float]]:
        """Return creation, end and GPU seconds of clips ordered since a time, the latest last."""
        columns = (jobs.c.created, jobs.c.ended, jobs.c.seconds)
        query = select(*columns).where(jobs.c.created >= moment, MADE)
        async with self._read() as connection:
            rows = await connection.execute(query.order_by(jobs.c.created.desc()).limit(limit))
        sound = [tuple(row) for row in rows if all(isinstance(one, float) for one in row)]
        return [(created, ended, seconds) for created, ended, seconds in reversed(sound)]

    async def median_seconds(self, request: GenerationRequest) -> float | None:
        """Return how long similar requests took lately; None without any."""
        recent = (
            select(jobs.c.seconds)
            .where(jobs.c.kind == workload_key(request), MADE)
            .order_by(jobs.c.ended.desc())
            .limit(RECENT)
        )
        async with self._read() as connection:
            found = [one for one in await connection.scalars(recent) if isinstance(one, float)]
        return statistics.median(found) if found else None

    async def seconds_per_credit(self, model: str, since: float) -> float | None:
        """Return what a credit's work took a model in clips ordered since a time; None without any.

        model is its name; seconds are those of the median clip.
        """
        query = select(jobs.c.kind, jobs.c.seconds, jobs.c.cost)
        recent = query.where(jobs.c.created >= since, MADE).order_by(jobs.c.created.desc())
        async with self._read() as connection:
            rows = (await connection.execute(recent.limit(LOOKED_AT))).all()
        found = [
            seconds / cost
            for kind, seconds, cost in rows
            if kind.startswith(f"{model}:") and cost > 0 and isinstance(seconds, float)
        ]
        return statistics.median(found[:RECENT]) if found else None


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

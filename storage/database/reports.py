"""Usage reports, and the median time of similar clips."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.tables import MADE, days, guild_days, jobs, owners
from storage.database.totals import TOTALS, job_sums
from storage.domain.job import Status
from storage.domain.quota import DAY, Allowance, GuildUsage, UsageReport, day_of

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


async def of_guild(connection: AsyncConnection, guild: str, moment: float) -> GuildUsage:
    """Return what the clips of one server took that were ordered since the day of a time."""
    here = (guild_days.c.guild == guild) & (guild_days.c.day >= day_of(moment))
    seconds, money = (await connection.execute(select(*_spent(guild_days)).where(here))).one()
    return GuildUsage(guild, float(seconds or 0.0), float(money or 0.0))


async def of_guilds(
    connection: AsyncConnection, moment: float, limit: int
) -> tuple[list[GuildUsage], GuildUsage]:
    """Return the same of the servers that took most, and of all others together."""
    first = day_of(moment)
    # Of the plain column, SQLite would go through all days by the key, in the order of servers.
    guild = guild_days.c.guild.concat("").label("name")
    recent = select(guild, *_spent(guild_days)).where(guild_days.c.day >= first).group_by("name")
    ranked = recent.order_by(_spent(guild_days)[0].desc(), "name").limit(limit)
    rows = await connection.execute(ranked)
    most = [GuildUsage(guild, float(seconds), float(money)) for guild, seconds, money in rows]
    whole = select(*_spent(days)).where(days.c.day >= first)
    seconds, money = (await connection.execute(whole)).one()
    seconds = (seconds or 0.0) - sum(one.seconds for one in most)
    money = (money or 0.0) - sum(one.money for one in most)
    return most, GuildUsage("", max(0.0, seconds), max(0.0, money))


def _spent(table: Table) -> list[ColumnElement[Any]]:
    """Return the sums of all GPU time, and of the money for it, as SQL."""
    seconds = table.c.seconds + table.c.start_seconds + table.c.idle_seconds
    return [func.sum(seconds).label("seconds"), func.sum(table.c.money).label("money")]


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

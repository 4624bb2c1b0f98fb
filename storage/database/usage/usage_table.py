"""Reads what was used in the last days, from the sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.tables import EVERYWHERE, USAGE, usage_counts, usage_days
from storage.database.transactions import Transaction
from storage.database.usage.sums import FAILURE, WAITING
from storage.domain.usage.usage import Usage, UsageHistory
from storage.domain.usage.waiting_times import WaitingTimes

SUBJECTS = 1000
"""People, or servers, that are named; the others are one sum."""
_SUMS = [func.sum(usage_days.c[name]).label(name) for name in USAGE]
_SECONDS = func.sum(
    usage_days.c.seconds + usage_days.c.start_seconds + usage_days.c.idle_seconds
).desc()


class UsageTable:
    """Reads the histories of people, of servers and of the whole service.

    Days are counted from 1970 in UTC, the first and the last of a history included.
    """

    def __init__(self, read: Transaction) -> None:
        self._read = read

    async def of_person(self, owner: str, first: int, last: int) -> UsageHistory:
        """Return what one person ordered, in all places together."""
        mine = and_(usage_days.c.subject == owner, usage_days.c.scope != EVERYWHERE)
        these = and_(mine, usage_days.c.day.between(first, last))
        async with self._read() as connection:
            by_day = await _by(connection, usage_days.c.day, these)
            by_model = await _by(connection, usage_days.c.model, these)
        return UsageHistory(first, last, by_day, by_model)

    async def of_server(self, guild: str, first: int, last: int) -> UsageHistory:
        """Return what was ordered in one server, or outside of servers where it is empty."""
        # Where all servers are, a server has few rows, however many people it has.
        whole = and_(usage_days.c.scope == EVERYWHERE, usage_days.c.subject == guild)
        return await self._of_scope(guild, whole, first, last)

    async def of_service(self, first: int, last: int) -> UsageHistory:
        """Return what was ordered anywhere."""
        whole = usage_days.c.scope == EVERYWHERE
        return await self._of_scope(EVERYWHERE, whole, first, last)

    async def servers(self, first: int, limit: int) -> tuple[Mapping[str, Usage], Usage]:
        """Return the sums since a day of the servers that took most, and of all others together."""
        these = and_(usage_days.c.scope == EVERYWHERE, usage_days.c.day >= first)
        async with self._read() as connection:
            named = await _by(connection, usage_days.c.subject, these, limit)
            row = (await connection.execute(select(*_SUMS).where(these))).mappings().one()
        return named, _rest(_usage(row), named, limit)

    async def _of_scope(
        self, scope: str, whole: ColumnElement[bool], first: int, last: int
    ) -> UsageHistory:
        """Return a history; whole are rows that add up to all of it."""
        days = usage_days.c.day.between(first, last)
        async with self._read() as connection:
            by_day = await _by(connection, usage_days.c.day, and_(whole, days))
            by_model = await _by(connection, usage_days.c.model, and_(whole, days))
            of_scope = and_(usage_days.c.scope == scope, days)
            named = await _by(connection, usage_days.c.subject, of_scope, SUBJECTS)
            counts = await _counts(connection, scope, first, last)
        others = _rest(sum(by_day.values(), Usage()), named, SUBJECTS)
        failures = {name: count for (kind, name), count in counts.items() if kind == FAILURE}
        buckets = {int(name): count for (kind, name), count in counts.items() if kind == WAITING}
        waiting = WaitingTimes(buckets)
        return UsageHistory(first, last, by_day, by_model, named, others, failures, waiting)


async def _by(
    connection: AsyncConnection,
    column: ColumnElement[Any],
    these: ColumnElement[bool],
    limit: int | None = None,
) -> dict[Any, Usage]:
    """Return the sums of these rows by a column, those of most GPU time first."""
    query = select(column.label("key"), *_SUMS).where(these).group_by(column)
    ranked = query.order_by(_SECONDS, column).limit(limit)
    rows = (await connection.execute(ranked)).mappings()
    return {row["key"]: _usage(row) for row in rows}


async def _counts(
    connection: AsyncConnection, scope: str, first: int, last: int
) -> dict[tuple[str, str], int]:
    table = usage_counts.c
    these = and_(table.scope == scope, table.day.between(first, last))
    query = select(table.kind, table.name, func.sum(table.count)).where(these)
    rows = await connection.execute(query.group_by(table.kind, table.name))
    return {(kind, name): int(count) for kind, name, count in rows if count}


def _usage(row: RowMapping) -> Usage:
    """Return a row of sums; those over no rows are NULL, and PostgreSQL's of integers decimal."""
    whole = Usage()
    return Usage(**{name: type(getattr(whole, name))(row[name] or 0) for name in USAGE})


def _rest(total: Usage, named: Mapping[Any, Usage], limit: int) -> Usage:
    """Return what is left of a total, where there may be more than those who are named.

    Floats that were added up in another order leave no less than nothing.
    """
    if len(named) < limit:
        return Usage()
    known = sum(named.values(), Usage())
    left = {name: getattr(total, name) - getattr(known, name) for name in USAGE}
    return Usage(**{name: max(type(value)(0), value) for name, value in left.items()})

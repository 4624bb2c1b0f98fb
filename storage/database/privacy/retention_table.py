"""Finds what has been kept long enough, and blobs that nothing names; a few rows at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import select

from storage.codec import CodecError, loads
from storage.database.deliveries import waits_since
from storage.database.rows import as_stored
from storage.database.tables import BLOB_KEYS, KEPT, begun_orders, jobs, servers, styles
from storage.database.transactions import Transaction
from storage.domain.trust.policy import ServerPolicy


class RetentionTable:
    """Reads which jobs and blobs are to go; each method is one transaction."""

    def __init__(self, read: Transaction) -> None:
        self._read = read

    async def ended(
        self,
        before: float,
        limit: int,
        guild: str | None = None,
        without: Collection[str] = (),
        *,
        waiting_since: float = 0.0,
    ) -> list[str]:
        """Return the delivered jobs that ended before a time, the oldest first.

        Where a server is given, those that were ordered there. Not those that wait to be fetched,
        since no earlier than a time.
        """
        kept = jobs.c.id.not_in([as_stored(one) for one in without])
        query = select(jobs.c.id).where(KEPT, jobs.c.ended < before, kept)
        query = query.where(~waits_since(waiting_since))
        if guild is not None:
            query = query.where(jobs.c.guild == guild)
        async with self._read() as connection:
            return list(await connection.scalars(query.order_by(jobs.c.ended).limit(limit)))

    async def blobs_of(self, found: Collection[str]) -> list[str]:
        """Return the keys of the blobs that some jobs name."""
        query = select(*(jobs.c[name] for name in BLOB_KEYS)).where(
            jobs.c.id.in_([as_stored(one) for one in found])
        )
        async with self._read() as connection:
            rows = (await connection.execute(query)).all()
        return sorted({key for row in rows for key in row if key})

    async def days_by_guild(self) -> dict[str, int]:
        """Return for how many days each server keeps clips that has set that."""
        naming = servers.c.policy.contains('"retention_days"')
        found: dict[str, int] = {}
        async with self._read() as connection:
            for guild, text in await connection.execute(select(servers).where(naming)):
                try:
                    found[guild] = loads(ServerPolicy, text).retention_days
                except CodecError:  # of another release, or damaged
                    continue
        return {guild: days for guild, days in found.items() if days > 0 and guild}

    async def named(self, blobs: Iterable[str]) -> set[str]:
        """Return those of some blobs that jobs, styles or begun orders name."""
        keys = list(blobs)
        found: set[str] = set()
        async with self._read() as connection:
            for column in (*(jobs.c[name] for name in BLOB_KEYS), styles.c.file):
                found.update(await connection.scalars(select(column).where(column.in_(keys))))
            begun = select(begun_orders.c.pictures).where(begun_orders.c.ended == 0.0)
            for pictures in await connection.scalars(begun):
                found.update(pictures.split())
        return found & set(keys)

"""The table of what deleted jobs left in the blob store, in Redis and in channels."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.rows import as_stored
from storage.database.tables import (
    BLOB_KEYS,
    UNFINISHED,
    begun_orders,
    jobs,
    leftovers,
    styles,
)
from storage.database.transactions import Transaction
from storage.domain.privacy.leftover import Leftover, LeftoverKind

BATCH = 50
_FIELDS = ("kind", "name", "place", "front", "tries", "id")


class LeftoverTable:
    """Reads and writes what is to be deleted elsewhere; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def due(self, kinds: Collection[LeftoverKind], now: float) -> list[Leftover]:
        """Return what of these kinds is to be deleted now, what waits longest first."""
        here = leftovers.c.kind.in_([kind.value for kind in kinds]), leftovers.c.due <= now
        query = select(*(leftovers.c[name] for name in _FIELDS)).where(*here)
        async with self._read() as connection:
            rows = await connection.execute(query.order_by(leftovers.c.due).limit(BATCH))
            return [
                Leftover(**{**row, "kind": LeftoverKind(row["kind"])}) for row in rows.mappings()
            ]

    async def record(self, left: Iterable[Leftover]) -> None:
        """Record what is to be deleted where nothing names it."""
        async with self._write() as connection:
            await add(connection, left)

    async def drop(self, gone: Leftover) -> None:
        """Record that something is deleted, or stays because others need it."""
        async with self._write() as connection:
            await connection.execute(delete(leftovers).where(leftovers.c.id == gone.id))

    async def postpone(self, left: Leftover, due: float) -> None:
        """Record that something could not be deleted, and when that is tried again."""
        change = update(leftovers).where(leftovers.c.id == left.id)
        async with self._write() as connection:
            await connection.execute(change.values(tries=left.tries + 1, due=due))

    async def is_needed(self, blob: str, fingerprint: str = "") -> bool:
        """Tell whether a job, a style or an order that was begun names this blob.

        fingerprint is of the job that it was of: one that is unfinished is about to have the same.
        """
        needs = [exists().where(jobs.c[name] == blob) for name in BLOB_KEYS]
        needs += [exists().where(styles.c.file == blob)]
        begun = begun_orders.c.ended == 0.0
        needs.append(exists().where(begun, begun_orders.c.pictures.contains(blob)))
        if fingerprint:
            needs.append(exists().where(jobs.c.fingerprint == fingerprint, UNFINISHED))
        async with self._read() as connection:
            return bool(await connection.scalar(select(or_(*needs))))


async def add(connection: AsyncConnection, left: Iterable[Leftover]) -> None:
    """Record what is to be deleted elsewhere, in the transaction that deletes it here.

    A name that is not Unicode is damaged, and nothing outside of the database has it.
    """
    rows = [
        {**{name: getattr(one, name) for name in _FIELDS[1:5]}, "kind": one.kind.value, "due": 0.0}
        for one in left
        if as_stored(one.name) is one.name and as_stored(one.place) is one.place
    ]
    if rows:
        await connection.execute(insert(leftovers), rows)

"""The table of orders that were begun."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Update, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.rows import reply_columns
from storage.database.tables import begun_orders
from storage.database.transactions import Transaction
from storage.domain.begun_order import BegunOrder
from storage.domain.errors import JobGone
from storage.domain.job import ReplyTarget

REPEATED_SECONDS = 900.0
"""How long an ended begun order is kept: the life of an interaction's token."""

_OPEN = begun_orders.c.ended == 0.0
_SAME = ("id", "owner", "locale", "process", "begun", "target", "told")


class BegunOrderTable:
    """Reads and writes begun orders.

    Inserts and notes that arrive while a transaction is being committed share the next one, because
    people wait for them.
    """

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write
        self._pending: list[tuple[Any, asyncio.Future[None]]] = []
        self._commits: asyncio.Task[None] | None = None

    async def begin(self, begun_order: BegunOrder) -> bool:
        """Insert a begun order; return False where it is there already, open or ended."""
        row = {name: getattr(begun_order, name) for name in _SAME}
        row |= {
            **reply_columns(begun_order.reply_to),
            "pictures": " ".join(begun_order.pictures),
            "ended": 0.0,
        }
        try:
            await self._commit(insert(begun_orders).values(row))
        except IntegrityError:
            return False
        return True

    async def note(self, begun_order: str, message: str, pictures: Iterable[str]) -> None:
        """Record a begun order's message and uploads, before the uploads are stored."""
        changes = {"message": message, "pictures": " ".join(pictures)}
        await self._commit(_update(begun_order, **changes))

    async def claim(self, begun_order: BegunOrder, process: str, at: float) -> bool:
        """Record that this process is about to tell the person.

        Return False where the order was placed, or another process has claimed it meanwhile.
        """
        unchanged = begun_orders.c.process == begun_order.process
        unchanged &= begun_orders.c.told == begun_order.told
        claimed = _update(begun_order.id, process=process, told=at).where(unchanged)
        async with self._write() as connection:
            return (await connection.execute(claimed)).rowcount == 1

    async def end(self, begun_order: str, at: float) -> tuple[str, ...]:
        """End a begun order; return the uploads that may be in the store for it alone."""
        mine = (begun_orders.c.id == begun_order) & _OPEN
        async with self._write() as connection:
            pictures = await connection.scalar(select(begun_orders.c.pictures).where(mine))
            await connection.execute(_end(mine, at))
        return tuple((pictures or "").split())

    async def forget(self, begun_order: str) -> None:
        """Delete an ended begun order: the same may be begun again."""
        gone = delete(begun_orders).where(begun_orders.c.id == begun_order, ~_OPEN)
        async with self._write() as connection:
            await connection.execute(gone)

    async def all(self, front: str) -> list[BegunOrder]:
        """Return the open begun orders of a front end, the oldest first."""
        mine = _OPEN & (begun_orders.c.front == front)
        query = select(begun_orders).where(mine).order_by(begun_orders.c.begun)
        async with self._read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_begun_order_of(row) for row in rows]

    async def _commit(self, statement: Any) -> None:
        """Execute a statement in a transaction with others."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((statement, done))
        if self._commits is None or self._commits.done():
            self._commits = asyncio.create_task(self._commit_pending())
        await done

    async def _commit_pending(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            try:
                await self._execute(*batch)
            except Exception:
                for entry in batch:  # one of them is wrong
                    try:
                        await self._execute(entry)
                    except Exception as error:
                        if not entry[1].done():
                            entry[1].set_exception(error)

    async def _execute(self, *batch: tuple[Any, asyncio.Future[None]]) -> None:
        async with self._write() as connection:
            for statement, _ in batch:
                await connection.execute(statement)
        for _, done in batch:
            if not done.done():
                done.set_result(None)


async def place(connection: AsyncConnection, begun_order: str, at: float) -> None:
    """End the begun order whose jobs are inserted; raise JobGone where the person was told."""
    mine = (begun_orders.c.id == begun_order) & (begun_orders.c.told == 0.0) & _OPEN
    if (await connection.execute(_end(mine, at))).rowcount != 1:
        raise JobGone("order_interrupted")


async def delete_ended(connection: AsyncConnection, now: float) -> None:
    """Delete the begun orders that ended long ago."""
    old = (begun_orders.c.ended > 0.0) & (begun_orders.c.ended < now - REPEATED_SECONDS)
    await connection.execute(delete(begun_orders).where(old))


def _end(which: ColumnElement[bool], at: float) -> Update:
    """Return the statement that ends begun orders and keeps no more of them than is needed."""
    return update(begun_orders).where(which).values(ended=at, token="", pictures="")


def _update(begun_order: str, **changes: Any) -> Update:
    return update(begun_orders).where((begun_orders.c.id == begun_order) & _OPEN).values(changes)


def _begun_order_of(row: RowMapping) -> BegunOrder:
    return BegunOrder(
        **{name: row[name] for name in _SAME},
        reply_to=ReplyTarget(**{field.name: row[field.name] for field in fields(ReplyTarget)}),
        pictures=tuple(row["pictures"].split()),
    )

"""The table of orders that were begun."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import fields
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, RowMapping, Update, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.rows import reply_columns
from storage.database.tables import intents
from storage.domain.errors import JobGone
from storage.domain.intent import Intent
from storage.domain.job import ReplyTarget

Transaction: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncConnection]]

REPEATED_SECONDS = 900.0
"""How long an ended intent is kept: the life of an interaction's token."""

_OPEN = intents.c.ended == 0.0
_SAME = ("id", "owner", "locale", "process", "begun", "target", "told")


class IntentTable:
    """Reads and writes intents.

    Inserts and notes that arrive while a transaction is being committed share the next one, because
    people wait for them.
    """

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write
        self._pending: list[tuple[Any, asyncio.Future[None]]] = []
        self._commits: asyncio.Task[None] | None = None

    async def begin(self, intent: Intent) -> bool:
        """Insert an intent; return False where it is there already, open or ended."""
        row = {name: getattr(intent, name) for name in _SAME}
        row |= {
            **reply_columns(intent.reply_to),
            "pictures": " ".join(intent.pictures),
            "ended": 0.0,
        }
        try:
            await self._commit(insert(intents).values(row))
        except IntegrityError:
            return False
        return True

    async def note(self, intent: str, message: str, pictures: Iterable[str]) -> None:
        """Record an intent's message and uploads, before the uploads are stored."""
        changes = {"message": message, "pictures": " ".join(pictures)}
        await self._commit(_update(intent, **changes))

    async def claim(self, intent: str, at: float) -> bool:
        """Record that the person is about to be told; return False where it was placed."""
        async with self._write() as connection:
            found = await connection.execute(_update(intent, told=at))
            return found.rowcount == 1

    async def end(self, intent: str, at: float) -> tuple[str, ...]:
        """End an intent; return the uploads that may be in the store for it alone."""
        mine = (intents.c.id == intent) & _OPEN
        async with self._write() as connection:
            pictures = await connection.scalar(select(intents.c.pictures).where(mine))
            await connection.execute(_end(mine, at))
        return tuple((pictures or "").split())

    async def forget(self, intent: str) -> None:
        """Delete an ended intent: the same may be begun again."""
        gone = delete(intents).where(intents.c.id == intent, ~_OPEN)
        async with self._write() as connection:
            await connection.execute(gone)

    async def all(self, front: str) -> list[Intent]:
        """Return the open intents of a front end, the oldest first."""
        mine = _OPEN & (intents.c.front == front)
        query = select(intents).where(mine).order_by(intents.c.begun)
        async with self._read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_intent_of(row) for row in rows]

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


async def place(connection: AsyncConnection, intent: str, at: float) -> None:
    """End the intent whose jobs are inserted; raise JobGone where the person was told."""
    mine = (intents.c.id == intent) & (intents.c.told == 0.0) & _OPEN
    if (await connection.execute(_end(mine, at))).rowcount != 1:
        raise JobGone("order_interrupted")


async def delete_ended(connection: AsyncConnection, now: float) -> None:
    """Delete the intents that ended long ago."""
    old = (intents.c.ended > 0.0) & (intents.c.ended < now - REPEATED_SECONDS)
    await connection.execute(delete(intents).where(old))


def _end(which: ColumnElement[bool], at: float) -> Update:
    """Return the statement that ends intents and keeps no more of them than is needed."""
    return update(intents).where(which).values(ended=at, token="", pictures="")


def _update(intent: str, **changes: Any) -> Update:
    return update(intents).where((intents.c.id == intent) & _OPEN).values(changes)


def _intent_of(row: RowMapping) -> Intent:
    return Intent(
        **{name: row[name] for name in _SAME},
        reply_to=ReplyTarget(**{field.name: row[field.name] for field in fields(ReplyTarget)}),
        pictures=tuple(row["pictures"].split()),
    )

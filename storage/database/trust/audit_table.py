"""Reads and writes the audit log; nothing in it is ever changed, and what is old is deleted."""

from __future__ import annotations

import json

from sqlalchemy import and_, delete, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.tables import audit
from storage.database.transactions import Transaction
from storage.domain.errors import NotAllowed
from storage.domain.trust.audit import AuditEntry


class AuditTable:
    """The audit log of each server; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def record(self, entry: AuditEntry, at: float) -> None:
        """Add an entry."""
        async with self._write() as connection:
            await record(connection, entry, at)

    async def record_unless_known(self, entry: AuditEntry, at: float, since: float) -> None:
        """Add an entry unless there is the same one of a time or later."""
        same = and_(
            audit.c.actor == entry.actor,
            audit.c.action == entry.action,
            audit.c.guild == entry.guild,
            audit.c.subject == entry.subject,
            audit.c.detail == _text(entry),
            audit.c.at >= since,
        )
        async with self._write() as connection:
            await lock(connection, f"audit {entry.actor}")
            if not await connection.scalar(select(exists().where(same))):
                await record(connection, entry, at)

    async def record_rarely(self, entry: AuditEntry, at: float, since: float, limit: int) -> None:
        """Add an entry unless its actor did the same to the same subject, or too much of late.

        Raise NotAllowed: the subject's entry is there already, or the actor has as many entries of
        this action since a time as the limit says.
        """
        mine = (audit.c.actor == entry.actor, audit.c.action == entry.action)
        same = and_(*mine, audit.c.guild == entry.guild, audit.c.subject == entry.subject)
        async with self._write() as connection:
            await lock(connection, f"audit {entry.actor}")
            if await connection.scalar(select(exists().where(same))):
                raise NotAllowed(f"denied_{entry.action}_twice")
            lately = select(func.count()).where(*mine, audit.c.at >= since)
            if (await connection.scalar(lately) or 0) >= limit:
                raise NotAllowed(f"denied_{entry.action}_often", limit=limit)
            await record(connection, entry, at)

    async def page(self, guild: str, limit: int, before: int = 0) -> list[AuditEntry]:
        """Return a server's latest entries, the latest first; those before an id unless it is 0."""
        query = select(audit).where(audit.c.guild == guild)
        if before:
            query = query.where(audit.c.id < before)
        query = query.order_by(audit.c.id.desc()).limit(limit)
        async with self._read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [AuditEntry(**{**row, "detail": _detail(row["detail"])}) for row in rows]

    async def drop_before(self, at: float, limit: int) -> int:
        """Delete some of the entries of before a time, the first ones; return how many."""
        first = select(audit.c.id).where(audit.c.id > 0, audit.c.at < at).order_by(audit.c.id)
        async with self._write() as connection:
            old = list(await connection.scalars(first.limit(limit)))
            if old:
                await connection.execute(delete(audit).where(audit.c.id.in_(old)))
        return len(old)


def _detail(text: str) -> dict[str, object]:
    """Return the details of an entry, none where what is written is damaged."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(entry: AuditEntry) -> str:
    return json.dumps(entry.detail or {}, ensure_ascii=False)


async def record(connection: AsyncConnection, entry: AuditEntry, at: float) -> None:
    """Add an entry in the caller's transaction."""
    row = {
        "guild": entry.guild,
        "at": at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": _text(entry),
    }
    await connection.execute(insert(audit).values(row))

"""Reads and writes the settings of servers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.codec import CodecError, dumps, encode, loads
from storage.database.connect import lock
from storage.database.tables import servers
from storage.database.transactions import Transaction
from storage.database.trust import audit_table
from storage.domain.errors import Unavailable
from storage.domain.trust.audit import AuditEntry, changed_fields
from storage.domain.trust.policy import Change, ServerPolicy


class ServerTable:
    """The policy of each server; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def policy(self, guild: str) -> ServerPolicy:
        """Return a server's policy; raise Unavailable where what is written cannot be read."""
        async with self._read() as connection:
            return await _policy(connection, guild) or ServerPolicy()

    async def change(self, entry: AuditEntry, change: Change, at: float) -> ServerPolicy:
        """Replace the policy of the entry's server by what `change` makes of it, and record it.

        A change that changes nothing is not recorded. An entry without a subject names the settings
        that differ; what differs becomes its detail.
        """
        guild = entry.guild
        async with self._write() as connection:
            await lock(connection, f"server {guild}")
            known = await _policy(connection, guild)
            before = known or ServerPolicy()
            after = change(before)
            if after == before:
                return before
            text = dumps(after)
            if known is None:
                await connection.execute(insert(servers).values(guild=guild, policy=text))
            else:
                here = servers.c.guild == guild
                await connection.execute(update(servers).where(here).values(policy=text))
            names = changed_fields(before, after)
            detail = {name: _difference(before, after, name) for name in names}
            subject = entry.subject or " ".join(names)
            await audit_table.record(connection, replace(entry, subject=subject, detail=detail), at)
            return after


async def _policy(connection: AsyncConnection, guild: str) -> ServerPolicy | None:
    """Return a server's policy, None where none was ever written."""
    query = select(servers.c.policy).where(servers.c.guild == guild)
    text = await connection.scalar(query)
    try:
        return None if text is None else loads(ServerPolicy, text)
    except CodecError as error:
        raise Unavailable("unavailable_policy") from error


def _difference(before: ServerPolicy, after: ServerPolicy, name: str) -> dict[str, Any]:
    """Return what was added and removed of a list, or the values before and after."""
    old, new = getattr(before, name), getattr(after, name)
    if isinstance(old, tuple):
        return {
            "added": [encode(one) for one in new if one not in old],
            "removed": [encode(one) for one in old if one not in new],
        }
    return {"before": encode(old), "after": encode(new)}

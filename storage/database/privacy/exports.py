"""The table of exports: one at a time for each person, and so many on a day."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from storage.database.connect import lock
from storage.database.tables import exports
from storage.database.transactions import Transaction
from storage.domain.errors import NotAllowed
from storage.domain.quota import day_of

EXPORTS_PER_DAY = 3
ABANDONED_SECONDS = 900.0
"""After which an export that did not end is of a process that was killed."""


class ExportTable:
    """Reads and writes exports; each method is one transaction."""

    def __init__(self, write: Transaction) -> None:
        self._write = write

    async def begin(self, owner: str, now: float) -> None:
        """Record that an export begins; raise NotAllowed where the person may have none now."""
        mine, today = exports.c.owner == owner, day_of(now)
        async with self._write() as connection:
            await lock(connection, owner)
            row = (await connection.execute(select(exports).where(mine))).first()
            if row is None:
                values = {"owner": owner, "day": today, "made": 1, "running": now}
                await connection.execute(insert(exports).values(values))
                return
            count = row.made if row.day == today else 0
            if now - row.running < ABANDONED_SECONDS:
                raise NotAllowed("denied_export_running")
            if count >= EXPORTS_PER_DAY:
                raise NotAllowed("denied_export_limit", limit=EXPORTS_PER_DAY)
            changes = {"day": today, "made": count + 1, "running": now}
            await connection.execute(update(exports).where(mine).values(changes))

    async def end(self, owner: str, *, counts: bool = True) -> None:
        """Record that an export has ended, however it did; one that failed does not count."""
        async with self._write() as connection:
            mine = exports.c.owner == owner
            changes = {"running": 0.0, "made": exports.c.made - int(not counts)}
            await connection.execute(update(exports).where(mine).values(changes))

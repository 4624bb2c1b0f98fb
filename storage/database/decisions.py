"""What the bots on one database have decided together, by name."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.tables import decisions
from storage.database.transactions import Transaction


class DecisionTable:
    """Reads and writes decisions; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def get(self, name: str) -> str | None:
        """Return what was decided last, None where nothing was."""
        async with self._read() as connection:
            return await _value(connection, name)

    async def change(self, name: str, before: str | None, after: str) -> bool:
        """Record a decision in place of the last one; False where another bot came first."""
        async with self._write() as connection:
            await lock(connection, f"decision {name}")
            if await _value(connection, name) != before:
                return False
            if before is None:
                await connection.execute(insert(decisions).values(name=name, value=after))
            else:
                here = decisions.c.name == name
                await connection.execute(update(decisions).where(here).values(value=after))
            return True


async def _value(connection: AsyncConnection, name: str) -> str | None:
    query = select(decisions.c.value).where(decisions.c.name == name)
    value: str | None = await connection.scalar(query)
    return value

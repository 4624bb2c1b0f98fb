"""The table of bots, and which of them holds which job.

A bot raises its count of beats every few seconds. Each job's message is edited, and its outcome
delivered, by the bot that holds the job; another one adopts it once the holder is not listed.
"""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.tables import SHOWN, bots, jobs
from storage.database.transactions import Transaction
from storage.domain.errors import HolderChanged
from storage.domain.job import Job


class BotTable:
    """Reads and writes the bots; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def beat(self, bot: str) -> dict[str, int]:
        """Raise a bot's count, if it is listed; return the counts of all that are."""
        raised = update(bots).where(bots.c.id == bot).values(beats=bots.c.beats + 1)
        async with self._write() as connection:
            await connection.execute(raised)
            return await _listed(connection)

    async def enter(self, bot: str) -> dict[str, int]:
        """List a new bot; return the counts of all."""
        async with self._write() as connection:
            await connection.execute(insert(bots).values(id=bot, beats=0))
            return await _listed(connection)

    async def remove(self, bot: str, beats: int | None = None) -> None:
        """Take a bot from the list, unless it has raised its count from this one."""
        gone = delete(bots).where(bots.c.id == bot)
        async with self._write() as connection:
            await connection.execute(gone if beats is None else gone.where(bots.c.beats == beats))

    async def adopt(self, bot: str, front: str) -> int:
        """Give this bot the jobs of a front end whose holder is not listed; return how many."""
        orphaned = (jobs.c.front == front) & jobs.c.holder.not_in(select(bots.c.id))
        async with self._write() as connection:
            await lock(connection, "adopt")  # two that change many rows would wait for each other
            change = update(jobs).where(SHOWN, orphaned).values(holder=bot)
            return (await connection.execute(change)).rowcount

    async def listed(self) -> set[str]:
        """Return the ids of the bots."""
        async with self._read() as connection:
            return set(await _listed(connection))


async def check_holder(connection: AsyncConnection, job: Job) -> None:
    """Raise HolderChanged where another bot holds the job than when it was read."""
    query = select(jobs.c.holder).where(jobs.c.id == job.id).with_for_update()
    if await connection.scalar(query) not in (job.holder, None):
        raise HolderChanged(job.id)


async def _listed(connection: AsyncConnection) -> dict[str, int]:
    rows = await connection.execute(select(bots.c.id, bots.c.beats))
    return {row.id: row.beats for row in rows}

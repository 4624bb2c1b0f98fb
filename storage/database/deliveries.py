"""What was tried to deliver jobs, and the outcomes that wait until their owner fetches them."""

from __future__ import annotations

import time

from sqlalchemy import ColumnElement, delete, exists, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.codec import CodecError, dumps, loads
from storage.database.bots import check_holder
from storage.database.connect import lock
from storage.database.rows import RowReader
from storage.database.tables import deliveries, jobs
from storage.database.transactions import Transaction
from storage.domain.delivery_state import DeliveryState
from storage.domain.job import Job

LISTED = 5
UNTOLD = (deliveries.c.waiting > 0.0) & (deliveries.c.told == 0.0)


class DeliveryTable:
    """Reads and writes delivery states; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction, rows: RowReader) -> None:
        self._read = read
        self._write = write
        self._rows = rows

    async def get(self, job_id: str) -> DeliveryState:
        """Return what was tried for a job."""
        query = select(deliveries.c.state).where(deliveries.c.job == job_id)
        async with self._read() as connection:
            found = await connection.scalar(query)
        try:
            return DeliveryState() if found is None else loads(DeliveryState, found)
        except CodecError:  # of another version
            return DeliveryState()

    async def put(self, job: Job, state: DeliveryState) -> None:
        """Store what was tried for a job; raise HolderChanged where another bot shows it now."""
        async with self._write() as connection:
            await check_holder(connection, job)
            await _put(connection, job, state=dumps(state))

    async def fetchable(self, owner: str) -> list[Job]:
        """Return the outcomes that wait for this person, the newest first."""
        waiting = (deliveries.c.owner == owner) & (deliveries.c.waiting > 0.0)
        query = select(jobs).join(deliveries, deliveries.c.job == jobs.c.id)
        query = query.where(waiting, jobs.c.forgotten.is_(False))
        async with self._read() as connection:
            found = await connection.execute(query.order_by(jobs.c.ended.desc()).limit(LISTED))
            return self._rows.jobs(found.mappings().all())

    async def take_untold(self, owner: str) -> int:
        """Return how many waiting outcomes this person was not told of, and count them as told."""
        mine = (deliveries.c.owner == owner) & UNTOLD
        async with self._read() as connection:  # most have none, and a write costs more
            if not await connection.scalar(select(exists().where(mine))):
                return 0
        change = update(deliveries).where(mine).values(told=time.time())
        async with self._write() as connection:
            return (await connection.execute(change)).rowcount

    async def fetched(self, job_id: str) -> None:
        """Record that a waiting outcome was handed to its owner."""
        async with self._write() as connection:
            here = deliveries.c.job == job_id
            await connection.execute(update(deliveries).where(here).values(waiting=0.0))


def waits_since(moment: float) -> ColumnElement[bool]:
    """Return the condition of the jobs whose outcome waits, since no earlier than that."""
    return exists().where(deliveries.c.job == jobs.c.id, deliveries.c.waiting > max(0.0, moment))


async def end(connection: AsyncConnection, job: Job, at: float, *, waits: bool) -> None:
    """Record a delivery's end: its state is deleted unless the outcome waits to be fetched."""
    if waits:
        await _put(connection, job, waiting=at)
    else:
        await connection.execute(delete(deliveries).where(deliveries.c.job == job.id))


async def drop(connection: AsyncConnection, job_id: str) -> None:
    """Delete what was tried for a job that is deleted."""
    await connection.execute(delete(deliveries).where(deliveries.c.job == job_id))


async def _put(connection: AsyncConnection, job: Job, **changes: str | float) -> None:
    """Change or insert a row; of a forgotten job there is none, nor its owner's name again."""
    here = deliveries.c.job == job.id
    await lock(connection, f"delivery {job.id}")
    if (await connection.execute(update(deliveries).where(here).values(changes))).rowcount:
        return
    row = {"state": dumps(DeliveryState()), "waiting": 0.0, "told": 0.0, **changes}
    values = (literal(value).label(name) for name, value in row.items())
    known = select(jobs.c.id, jobs.c.owner, *values)
    known = known.where(jobs.c.id == job.id, jobs.c.forgotten.is_(False))
    await connection.execute(insert(deliveries).from_select(["job", "owner", *row], known))

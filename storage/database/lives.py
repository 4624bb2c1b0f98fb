"""The lives of workers, what they cost, and the bills of the clips that they made.

Clips are billed when their worker has ended, and each hour while it goes on. A worker's time for
which no clip was made yet is kept for the next ones; that of a worker which ends without any stays
with the service.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.tables import UNBILLED, jobs, lives
from storage.database.totals import lock_sums, record
from storage.database.transactions import Transaction
from storage.domain.cost.advice import ServiceBill
from storage.domain.cost.bill import Charge, ClipBill, WorkerLife, share_out

BILLING_SECONDS = 3600.0  # between two bills of a worker that goes on
RECENT_STARTS = 20


class LifeTable:
    """Reads and writes workers' lives; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction, default_model: str) -> None:
        self._read = read
        self._write = write
        self._default_model = default_model

    async def record(self, life: WorkerLife, money: float) -> list[ClipBill]:
        """Store how far a worker's life has come and its price up to now; bill clips if it is time.

        Return the new bills. What is no news changes nothing; a worker that was taken for dead and
        goes on is billed for the rest.
        """
        here = lives.c.id == life.id
        async with self._write() as connection:
            await lock(connection, f"life {life.id}")
            row = (await connection.execute(select(lives).where(here))).mappings().first()
            if row is None:
                row = (await _insert(connection, life, money)).mappings().one()
            elif life.seen < row["seen"] or (row["ended"] and life.seen == row["seen"]):
                return []
            else:
                changes = {"seen": life.seen, "ready": life.ready, "ended": life.ended}
                changes["money"] = max(money, row["money"])
                step = update(lives).where(here).values(changes).returning(*lives.c)
                row = (await connection.execute(step)).mappings().one()
            if life.ended or life.seconds - row["charged_seconds"] >= BILLING_SECONDS:
                return await _bill(connection, life, row)
            return []

    async def mean_start(self, model: str = "") -> float | None:
        """Return how long the latest workers took to load this model; None without any.

        An empty name is the default model.
        """
        taken = (lives.c.ready - lives.c.started).label("taken")
        ready = select(taken).where(
            lives.c.model == (model or self._default_model),
            lives.c.ready > 0.0,
            lives.c.started > 0.0,
        )
        recent = ready.order_by(lives.c.started.desc()).limit(RECENT_STARTS).subquery()
        async with self._read() as connection:
            found = await connection.scalar(select(func.avg(recent.c.taken)))
        return None if found is None else max(0.0, float(found))

    async def total(self, since: float) -> ServiceBill:
        """Return the sums over the workers that were started since a time."""
        columns = (func.count(), func.sum(lives.c.seen - lives.c.started), func.sum(lives.c.money))
        async with self._read() as connection:
            query = select(*columns).where(lives.c.started >= since)
            count, seconds, money = (await connection.execute(query)).one()
        return ServiceBill(count, float(seconds or 0.0), float(money or 0.0))


async def _insert(connection: AsyncConnection, life: WorkerLife, money: float) -> Any:
    values = {
        "id": life.id,
        "worker": life.worker,
        "offer": life.offer,
        "model": life.model,
        "started": life.started,
        "ready": life.ready,
        "seen": life.seen,
        "ended": life.ended,
        "money": money,
        "charged_seconds": 0.0,
        "charged_start": 0.0,
        "charged_money": 0.0,
    }
    return await connection.execute(insert(lives).values(values).returning(*lives.c))


async def _bill(connection: AsyncConnection, life: WorkerLife, row: RowMapping) -> list[ClipBill]:
    """Share out what is not charged yet among the clips that are not billed yet."""
    mine = select(jobs).where(UNBILLED, jobs.c.worker == life.worker).with_for_update()
    clips = (await connection.execute(mine.order_by(jobs.c.owner))).mappings().all()
    if not clips:
        return []
    charge = Charge(
        life.seconds - row["charged_seconds"],
        life.start_seconds - row["charged_start"],
        row["money"] - row["charged_money"],
    )
    await lock_sums(connection, [dict(clip) for clip in clips])
    bills = share_out(charge, [float(clip["seconds"]) for clip in clips])
    for clip, bill in zip(clips, bills, strict=True):
        changes = {
            "billed": True,
            "start_seconds": bill.start_seconds,
            "idle_seconds": bill.idle_seconds,
            "money": bill.money,
        }
        await connection.execute(update(jobs).where(jobs.c.id == clip["id"]).values(changes))
        await record(connection, dict(clip), dict(clip) | changes)
    charged = {
        "charged_seconds": life.seconds,
        "charged_start": life.start_seconds,
        "charged_money": row["money"],
    }
    await connection.execute(update(lives).where(lives.c.id == life.id).values(charged))
    return bills

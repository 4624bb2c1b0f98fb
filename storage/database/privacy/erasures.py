"""Erases what is kept of a person: whatever stays of a job has nobody's name.

It goes step by step, so that a long history holds nobody up, and a process that is killed leaves
the rest to the next one. What is outside of the database becomes a leftover.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import RowMapping, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.codec import dumps
from storage.database import ledger as ledger_entries
from storage.database import totals
from storage.database.connect import lock
from storage.database.privacy import leftovers, posts
from storage.database.privacy.spender_mark import new_mark
from storage.database.privacy.trust_records import erase_from_records
from storage.database.rows import as_stored, outcome_columns
from storage.database.tables import (
    BLOB_KEYS,
    IN_FLIGHT,
    UNFINISHED,
    WAITING,
    audit,
    begun_orders,
    deliveries,
    departures,
    erasures,
    exports,
    jobs,
    ledger,
    owner_queues,
    owners,
    styles,
)
from storage.database.transactions import Transaction
from storage.database.usage.contribution import TOTALS
from storage.database.usage.sums import rename
from storage.domain.clip import Failure
from storage.domain.privacy.anonymous import ANONYMOUS
from storage.domain.privacy.leftover import Leftover, LeftoverKind
from storage.domain.privacy.post import PostKind
from storage.domain.quota import month_of
from storage.domain.request import GenerationRequest

BATCH = 50  # jobs

NO_REQUEST = dumps(
    GenerationRequest(
        picture="",
        prompt="",
        model="",
        width=32,
        height=32,
        frames=2,
        fps=1,
        steps=1,
        guidance=1.0,
        seed=0,
    )
)
"""What is kept of a deleted job's request: nothing that anybody asked for."""

FORGOTTEN: dict[str, Any] = {
    **dict.fromkeys(BLOB_KEYS),
    **{"forgotten": True, "request": NO_REQUEST, "clip": None, "message": "", "token": ""},
}
"""The columns of a job that somebody deleted: its cost and times stay."""

ENDED = jobs.c.status.not_in(("queued", "running"))

_NAMELESS: dict[str, Any] = {
    **FORGOTTEN,
    **{"owner": ANONYMOUS, "fingerprint": "", "failure": None, "parent": ""},
    **{"channel": "", "locale": "", "application": ""},
}


class ErasureTable:
    """Reads and writes who is to be forgotten; each method is one transaction."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    async def ask(self, owner: str, at: float) -> None:
        """Record that a person is to be forgotten."""
        async with self._write() as connection:
            await lock(connection, owner)
            if await connection.scalar(select(_asked(owner))):
                return
            await connection.execute(insert(erasures).values(owner=owner, asked=at))

    async def owners(self) -> list[str]:
        """Return who is to be forgotten, whoever asked first first."""
        query = select(erasures.c.owner).order_by(erasures.c.asked)
        async with self._read() as connection:
            return list(await connection.scalars(query))

    async def unfinished(self, owner: str) -> list[str]:
        """Return some ids of a person's unfinished jobs, which are to be cancelled first."""
        found: list[str] = []
        async with self._read() as connection:
            for which in (WAITING, IN_FLIGHT):  # each has an index
                query = select(jobs.c.id).where(jobs.c.owner == owner, which).limit(BATCH)
                found += await connection.scalars(query)
        return found

    async def end_unread(self, job_id: str, at: float) -> None:
        """Fail and refund an unfinished job whose row cannot be read."""
        here = jobs.c.id == as_stored(job_id)
        changes = outcome_columns(Failure("internal_error"), at)
        async with self._write() as connection:
            query = select(jobs).where(here, UNFINISHED).with_for_update()
            old = (await connection.execute(query)).mappings().first()
            if old is None:
                return
            await connection.execute(update(jobs).where(here).values(changes))
            await ledger_entries.refund_unread(connection, job_id, at)
            with contextlib.suppress(TypeError, ValueError, OverflowError):  # of damaged numbers
                async with connection.begin_nested():
                    await totals.record(connection, dict(old), {**old, **changes})

    async def erase_jobs(self, owner: str, now: float) -> int:
        """Take the name, and all that the person gave, from some ended jobs; return how many.

        What they spent this month counts by a mark; see storage.database.privacy.spender_mark.
        """
        wanted = select(jobs).where(jobs.c.owner == owner, ENDED)
        async with self._write() as connection:
            query = wanted.order_by(jobs.c.created).limit(BATCH).with_for_update()
            found = (await connection.execute(query)).mappings().all()
            ids = [as_stored(row["id"]) for row in found]
            for row in found:
                await leftovers.add(connection, left_by(row))
            await posts.take_down(connection, ids, tuple(PostKind))
            await connection.execute(delete(deliveries).where(deliveries.c.job.in_(ids)))
            await connection.execute(update(jobs).where(jobs.c.id.in_(ids)).values(_NAMELESS))
            entries = update(ledger).where(ledger.c.job.in_(ids))
            await connection.execute(entries.values(owner=ANONYMOUS))
            counts = entries.where(ledger.c.day >= month_of(now).start)
            mark = await new_mark(connection, owner, now)
            await connection.execute(counts.values(owner=mark))
            about = update(audit).where(audit.c.subject.in_(ids))
            await connection.execute(about.values(detail="{}"))
        return len(found)

    async def erase_rest(self, owner: str) -> bool:
        """Erase all that is no job and end the erasure; False where the person has jobs yet."""
        async with self._write() as connection:
            for name in sorted((owner, ANONYMOUS)):
                await lock(connection, name)
            if await connection.scalar(select(exists().where(jobs.c.owner == owner))):
                return False
            asked = delete(erasures).where(erasures.c.owner == owner)
            if (await connection.execute(asked)).rowcount:
                await _erase_uploads(connection, owner)
                await _give_away_sums(connection, owner)
                await rename(connection, owner, ANONYMOUS)
                for table in (owner_queues, deliveries, exports):
                    await connection.execute(delete(table).where(table.c.owner == owner))
                entries = update(ledger).where(ledger.c.owner == owner)
                await connection.execute(entries.values(owner=ANONYMOUS))
                await connection.execute(delete(departures).where(departures.c.name == owner))
                await erase_from_records(connection, owner)
        return True


def left_by(row: RowMapping, *, messages: bool = True) -> Iterator[Leftover]:
    """Return what a job has outside of the database, with or without its message."""
    if row["attempt"]:
        name = f"{row['id']}.{row['attempt']}"
        yield Leftover(LeftoverKind.ATTEMPTS, name, row["model"])
    for column in BLOB_KEYS:
        if row[column]:
            yield Leftover(LeftoverKind.BLOB, row[column], row["fingerprint"])
    if messages and row["channel"] and row["message"]:
        yield Leftover(LeftoverKind.MESSAGE, row["message"], row["channel"], row["front"])


def _asked(owner: str) -> Any:
    return exists().where(erasures.c.owner == owner)


async def _erase_uploads(connection: AsyncConnection, owner: str) -> None:
    """Delete a person's styles and the orders that they have begun."""
    files = await connection.scalars(select(styles.c.file).where(styles.c.owner == owner))
    left = [Leftover(LeftoverKind.STYLE, file) for file in files]
    begun = select(begun_orders.c.pictures).where(begun_orders.c.owner == owner)
    for pictures in await connection.scalars(begun):
        left += [Leftover(LeftoverKind.BLOB, picture) for picture in pictures.split()]
    await leftovers.add(connection, left)
    for table in (styles, begun_orders):
        await connection.execute(delete(table).where(table.c.owner == owner))


async def _give_away_sums(connection: AsyncConnection, owner: str) -> None:
    """Add a person's sums to those of nobody."""
    mine, nobody = owners.c.owner == owner, owners.c.owner == ANONYMOUS
    sums = (await connection.execute(select(owners).where(mine))).mappings().first()
    if sums is None:
        return
    await connection.execute(delete(owners).where(mine))
    added = {name: owners.c[name] + sums[name] for name in TOTALS}
    if not (await connection.execute(update(owners).where(nobody).values(added))).rowcount:
        await connection.execute(insert(owners).values({**sums, "owner": ANONYMOUS, "latest": 0.0}))

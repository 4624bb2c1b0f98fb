"""Erases what is kept of a person: whatever stays of a job has nobody's name.

It goes step by step, so that a long history holds nobody up, and a process that is killed leaves
the rest to the next one. What is outside of the database becomes a leftover.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, exists, insert, not_, select, update
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
from storage.database.usage import sums as usage
from storage.database.usage.contribution import LATEST, TOTALS, contribution
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
        """Record that a person is to be forgotten, with all that was there at this time."""
        mine = erasures.c.owner == owner
        async with self._write() as connection:
            await lock(connection, owner)
            asked = await connection.scalar(select(erasures.c.asked).where(mine))
            if asked is None:
                await connection.execute(insert(erasures).values(owner=owner, asked=at))
            elif asked < at:
                await connection.execute(update(erasures).where(mine).values(asked=at))

    async def asked(self, owner: str) -> float | None:
        """Return when a person asked last; None where nothing (any more) is to be erased."""
        query = select(erasures.c.asked).where(erasures.c.owner == owner)
        async with self._read() as connection:
            return await connection.scalar(query)

    async def owners(self) -> list[str]:
        """Return who is to be forgotten, whoever asked first first."""
        query = select(erasures.c.owner).order_by(erasures.c.asked)
        async with self._read() as connection:
            return list(await connection.scalars(query))

    async def unfinished(self, owner: str, asked: float) -> list[str]:
        """Return some ids of unfinished jobs of before that, which are to be cancelled first."""
        found: list[str] = []
        async with self._read() as connection:
            for which in (WAITING, IN_FLIGHT):  # each has an index
                query = select(jobs.c.id).where(_jobs_of_before(owner, asked), which)
                found += await connection.scalars(query.limit(BATCH))
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

    async def erase_jobs(self, owner: str, now: float, asked: float) -> int:
        """Take the name, and all that the person gave, from some ended jobs of before that.

        Return how many these were.

        What they spent this month counts by a mark; see storage.database.privacy.spender_mark.
        """
        wanted = select(jobs).where(_jobs_of_before(owner, asked), ENDED)
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

    async def erase_rest(self, owner: str, asked: float, *, ends: bool = True) -> bool:
        """Erase all of before that which is no job; end the erasure, unless others wait for it.

        Return False where there are such jobs yet, or the person has asked again.
        """
        mine = erasures.c.owner == owner
        async with self._write() as connection:
            for name in sorted((owner, ANONYMOUS)):
                await lock(connection, name)
            if await connection.scalar(select(exists().where(_jobs_of_before(owner, asked)))):
                return False
            latest = await connection.scalar(select(erasures.c.asked).where(mine))
            if latest is None:  # another process was faster, and the person may be back
                return True
            if latest != asked:
                return False
            await _erase_uploads(connection, owner, asked)
            await _erase_sums(connection, owner)
            await connection.execute(delete(exports).where(exports.c.owner == owner))
            await connection.execute(delete(departures).where(departures.c.name == owner))
            await erase_from_records(connection, owner)
            if ends:
                await connection.execute(delete(erasures).where(mine))
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


def _jobs_of_before(owner: str, asked: float) -> ColumnElement[bool]:
    """Return what is true for a person's jobs but those ordered later; damaged times are before."""
    later = and_(jobs.c.created > asked, jobs.c.created <= LATEST)
    return and_(jobs.c.owner == owner, not_(later))


async def _erase_uploads(connection: AsyncConnection, owner: str, asked: float) -> None:
    """Delete a person's styles and the orders that they have begun."""
    uploaded = and_(styles.c.owner == owner, styles.c.created <= asked)
    ordered = and_(begun_orders.c.owner == owner, begun_orders.c.begun <= asked)
    files = await connection.scalars(select(styles.c.file).where(uploaded))
    left = [Leftover(LeftoverKind.STYLE, file) for file in files]
    for pictures in await connection.scalars(select(begun_orders.c.pictures).where(ordered)):
        left += [Leftover(LeftoverKind.BLOB, picture) for picture in pictures.split()]
    await leftovers.add(connection, left)
    await connection.execute(delete(styles).where(uploaded))
    await connection.execute(delete(begun_orders).where(ordered))


async def _erase_sums(connection: AsyncConnection, owner: str) -> None:
    """Let nothing but the jobs that a person still has, which are later ones, count for them."""
    query = select(jobs).where(jobs.c.owner == owner)
    later = (await connection.execute(query)).mappings().all()
    await _give_away_sums(connection, owner, later)
    await usage.rename(connection, owner, ANONYMOUS)
    for row in later:
        await usage.record(connection, {**row, "owner": ANONYMOUS}, dict(row))
    models = {row["model"] for row in later}
    queues = and_(owner_queues.c.owner == owner, owner_queues.c.model.not_in(models))
    await connection.execute(delete(owner_queues).where(queues))
    here = select(jobs.c.id).where(jobs.c.owner == owner)
    tried = and_(deliveries.c.owner == owner, deliveries.c.job.not_in(here))
    await connection.execute(delete(deliveries).where(tried))
    paid = and_(ledger.c.owner == owner, ledger.c.job.not_in(here))
    await connection.execute(update(ledger).where(paid).values(owner=ANONYMOUS))


async def _give_away_sums(
    connection: AsyncConnection, owner: str, later: Sequence[RowMapping]
) -> None:
    """Add a person's sums to those of nobody, but what the later jobs add to them."""
    mine, nobody = owners.c.owner == owner, owners.c.owner == ANONYMOUS
    sums = (await connection.execute(select(owners).where(mine))).mappings().first()
    if sums is None:
        return
    stays = dict.fromkeys(TOTALS, 0)
    for row in later:
        part = contribution(dict(row))
        stays = {name: stays[name] + part[name] for name in TOTALS}
    if later:
        await connection.execute(update(owners).where(mine).values(stays))
    else:
        await connection.execute(delete(owners).where(mine))
    gone = {name: sums[name] - stays[name] for name in TOTALS}
    added = {name: owners.c[name] + gone[name] for name in TOTALS}
    if not (await connection.execute(update(owners).where(nobody).values(added))).rowcount:
        values = {**gone, "owner": ANONYMOUS, "latest": 0.0}
        await connection.execute(insert(owners).values(values))

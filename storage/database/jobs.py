"""The job store: every job with its state, its outcome and its cost.

Each change is one transaction. The first end of a job wins. A failed or cancelled job's end refunds
its reservation; a clip's reservation is settled when the clip was delivered or waits until its
owner fetches it, so that nobody is charged for a clip that they could not reach: the sum of a
person's ledger is the cost of these clips, and what unfinished and undelivered jobs reserve.
Every method raises Unavailable("unavailable_database") where the database
cannot be reached.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.codec import CodecError, loads
from storage.database import deliveries, intents, ledger, queue_order, reports
from storage.database.connect import READING, lock, touch
from storage.database.rows import (
    FINAL,
    UNFINISHED,
    RowReader,
    job_of,
    outcome_columns,
    reply_columns,
    row_of,
    workload_key,
)
from storage.database.tables import jobs
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Clip, Failure
from storage.domain.errors import JobGone, NotAllowed, Unavailable
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.quota import Allowance, UsageReport, check
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)

WAITING = jobs.c.status == Status.QUEUED.value
ACTIVE = jobs.c.status.in_(UNFINISHED)
VISIBLE = jobs.c.forgotten.is_(False)


class Jobs:
    """Reads and writes jobs; safe to share between tasks, processes and hosts."""

    def __init__(self, engine: AsyncEngine, catalogue: Catalogue) -> None:
        """Use this database, and the catalogue's quota."""
        self._engine = engine
        self._reader = engine.execution_options(**READING)
        self._quota = catalogue.quota
        self._catalogue_key = _catalogue_key(catalogue)
        self._rows = RowReader()
        # SQLite's writers poll ever less often until its lock is free; a lock here is quicker.
        sqlite = engine.dialect.name == "sqlite"
        self._write_lock = asyncio.Lock() if sqlite else nullcontext()
        self.intents = intents.IntentTable(self._read, self._write)
        self.deliveries = deliveries.DeliveryTable(self._read, self._write, self._rows)

    @property
    def unreadable(self) -> frozenset[str]:
        """The ids of jobs whose rows were set aside because they cannot be read."""
        return frozenset(self._rows.unreadable)

    async def check_writable(self) -> None:
        """Write to the database; raise Unavailable where that is not possible."""
        async with self._write() as connection:
            await touch(connection)

    async def add(self, *new: Job, intent: str = "") -> None:
        """Insert one person's new jobs and reserve their costs, all or none; raise QuotaExceeded.

        Jobs that were answered from the cache cost nothing. The intent, if there is one, is
        deleted; raise JobGone where its person was told meanwhile that it was interrupted.
        """
        owner, now = new[0].owner, new[0].created
        fresh = [job for job in new if not job.cached]
        async with self._write() as connection:
            if intent:
                await intents.place(connection, intent)
            if fresh:
                await lock(connection, owner)
                allowance = await ledger.allowance(connection, owner, now, self._quota)
                check(allowance, [job.cost for job in fresh], self._quota, now)
            for job in new:
                key = self._cache_key(job.request.fingerprint)
                await connection.execute(insert(jobs).values(row_of(job, key)))
            for job in fresh:
                await ledger.reserve(connection, job)

    async def dispatched(self, job_id: str, attempt: int, at: float) -> None:
        """Record that this attempt was queued; raise JobGone where the job does not wait for it."""
        waits = WAITING & (jobs.c.attempt < attempt)
        await self._step(job_id, waits, attempt=attempt, dispatched=at)

    async def started(self, job_id: str, attempt: int, at: float) -> None:
        """Record that a worker took this attempt; raise JobGone if it is not the latest."""
        latest = ACTIVE & (jobs.c.attempt == attempt)
        # An attempt that was given up too early, but not yet repeated, is running after all.
        dispatched = func.coalesce(func.nullif(jobs.c.dispatched, 0.0), at)
        running = {"status": Status.RUNNING.value, "started": at, "dispatched": dispatched}
        await self._step(job_id, latest, **running)

    async def requeue(self, job_id: str, attempt: int, died: bool) -> Job:
        """Queue the job again after a lost attempt; died: it may have crashed its worker.

        Raise JobGone if the attempt is not running: of two callers, only the first counts.
        """
        lost = ACTIVE & (jobs.c.attempt == attempt) & (jobs.c.dispatched > 0.0)
        deaths = jobs.c.deaths + (1 if died else 0)
        changes = {"status": Status.QUEUED.value, "dispatched": 0.0, "started": 0.0}
        return await self._step(job_id, lost, deaths=deaths, **changes)

    async def finish(self, job_id: str, outcome: Clip | Failure, at: float) -> Job | None:
        """End the job and refund the cost of a failed one; None if it had ended before."""
        async with self._write() as connection:
            ended = await _change(connection, job_id, ACTIVE, outcome_columns(outcome, at))
            if ended is not None and ended.status is not Status.DONE:
                await ledger.refund(connection, ended, at)
            return ended

    async def cancel(self, job_id: str, owner: str | None, at: float) -> Job:
        """Cancel a job for its owner (None: for anybody); raise JobGone or NotAllowed."""
        failure = Failure("failed_cancelled", cancelled=True)
        async with self._write() as connection:
            job = await _get(connection, job_id)
            if owner is not None and job.owner != owner:
                raise NotAllowed("denied_not_owner")
            ended = await _change(connection, job_id, ACTIVE, outcome_columns(failure, at))
            if ended is None:
                raise JobGone("job_over", status=job.status.value)
            await ledger.refund(connection, ended, at)
            return ended

    async def delivered(
        self, job_id: str, message: str, at: float, *, waits: bool = False, charged: bool = True
    ) -> bool:
        """Record that the outcome was delivered; return True for the first caller only.

        waits: it waits until its owner fetches it. A clip is charged unless charged is False.
        """
        first = jobs.c.status.in_(FINAL) & (jobs.c.delivered == 0.0)
        changes: dict[str, Any] = {"delivered": at}
        if message:
            changes["message"] = message
        if not charged:
            changes["cost"] = 0
        async with self._write() as connection:
            before = await _get(connection, job_id)
            job = await _change(connection, job_id, first, changes)
            if job is None:
                return False
            if job.status is Status.DONE and not job.cached:
                close = ledger.settle if charged else ledger.refund
                await close(connection, before, at)
            await deliveries.end(connection, job, at, waits=waits)
            return True

    async def move(self, job_id: str, reply_to: ReplyTarget) -> None:
        """Change where the job is answered."""
        await self._step(job_id, VISIBLE, **reply_columns(reply_to))

    async def forget(self, job_id: str) -> None:
        """Hide the job and its clip from every lookup; its cost stays in the ledger."""
        await self._step(job_id, VISIBLE, forgotten=True, message="", token="")

    async def get(self, job_id: str) -> Job:
        """Return the job; raise JobGone where it is unknown or deleted."""
        async with self._read() as connection:
            return await _get(connection, job_id)

    async def find_clip(self, fingerprint: str) -> Clip | None:
        """Return the latest clip of the same request, model revision and presets."""
        key = self._cache_key(fingerprint)
        wanted = (jobs.c.fingerprint == key) & (jobs.c.status == Status.DONE.value) & VISIBLE
        query = select(jobs.c.clip).where(wanted).order_by(jobs.c.ended.desc()).limit(1)
        async with self._read() as connection:
            found = await connection.scalar(query)
        try:
            return None if found is None else loads(Clip, found)
        except CodecError as error:
            log.error("a cached clip cannot be read and is made again: %s", error)
            return None

    async def needs_blob(self, blob: str, ended: str) -> bool:
        """Tell whether a job refers to this blob, or repeats the request of the ended job."""
        named = VISIBLE & (jobs.c.request.contains(blob) | jobs.c.clip.contains(blob))
        fingerprint = select(jobs.c.fingerprint).where(jobs.c.id == ended).scalar_subquery()
        wanted = named | (ACTIVE & (jobs.c.fingerprint == fingerprint))
        async with self._read() as connection:
            found = await connection.scalar(select(jobs.c.id).where(wanted).limit(1))
        return found is not None

    async def by_message(self, front: str, channel: str, message: str) -> Job | None:
        """Return the job that this message shows, if any."""
        there = (jobs.c.front == front) & (jobs.c.channel == channel)
        found = await self._all(there & (jobs.c.message == message) & VISIBLE)
        return found[-1] if found else None

    async def unfinished(self) -> list[Job]:
        """Return the jobs that have not ended, the oldest first."""
        return await self._all(ACTIVE)

    async def undelivered(self) -> list[Job]:
        """Return the ended jobs whose outcome was not delivered yet, the oldest first."""
        return await self._all(jobs.c.status.in_(FINAL) & (jobs.c.delivered == 0.0) & VISIBLE)

    async def waiting(self) -> list[Job]:
        """Return the jobs that no worker has taken, the next one first."""
        queued = {job.id: job for job in await self._all(WAITING)}
        async with self._read() as connection:
            order = await queue_order.queued_ids(connection)
        return [queued[job_id] for job_id in order if job_id in queued]

    async def last_served(self) -> dict[str, float]:
        """Return when each owner of a waiting job last had one dispatched, in unix seconds."""
        async with self._read() as connection:
            return await queue_order.last_served(connection)

    async def allowance(self, owner: str, now: float) -> Allowance:
        """Return what the person spent, reserved and has left today."""
        async with self._read() as connection:
            return await ledger.allowance(connection, owner, now, self._quota)

    async def report(self, owner: str, now: float) -> UsageReport:
        """Return the usage of one person."""
        async with self._read() as connection:
            allowance = await ledger.allowance(connection, owner, now, self._quota)
            return await reports.usage(connection, jobs.c.owner == owner, allowance)

    async def report_all(self, since: float) -> UsageReport:
        """Return everybody's usage since a time."""
        async with self._read() as connection:
            return await reports.usage(connection, jobs.c.created >= since, None)

    async def median_seconds(self, request: GenerationRequest) -> float | None:
        """Return how long similar requests took lately; None without any."""
        async with self._read() as connection:
            return await reports.median_seconds(connection, workload_key(request))

    def _cache_key(self, fingerprint: str) -> str:
        return sha256(f"{self._catalogue_key} {fingerprint}".encode()).hexdigest()

    async def _step(self, job_id: str, allowed: ColumnElement[bool], **changes: Any) -> Job:
        """Change a job if it matches the condition; raise JobGone otherwise."""
        async with self._write() as connection:
            job = await _change(connection, job_id, allowed, changes)
            if job is None:
                job = await _get(connection, job_id)
                raise JobGone("job_over", status=job.status.value)
            return job

    async def _all(self, which: ColumnElement[bool]) -> list[Job]:
        query = select(jobs).where(which).order_by(jobs.c.created, jobs.c.id)
        async with self._read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return self._rows.jobs(rows)

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncConnection]:
        async with _reachable(), self._write_lock, self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        async with _reachable(), self._reader.connect() as connection:
            yield connection


def _catalogue_key(catalogue: Catalogue) -> str:
    """Return what a clip depends on beside its request: the weights and the presets."""
    models = catalogue.models.items()
    sources = sorted((name, model.source, model.revision) for name, model in models)
    return repr((sources, sorted(catalogue.presets.items())))


async def _change(
    connection: AsyncConnection, job_id: str, allowed: ColumnElement[bool], changes: dict[str, Any]
) -> Job | None:
    """Change the job if it matches the condition; return the changed job, or None."""
    here = jobs.c.id == job_id
    result = await connection.execute(update(jobs).where(here, allowed).values(changes))
    if result.rowcount != 1:
        return None
    return job_of((await connection.execute(select(jobs).where(here))).mappings().one())


async def _get(connection: AsyncConnection, job_id: str) -> Job:
    query = select(jobs).where(jobs.c.id == job_id)
    row = (await connection.execute(query)).mappings().first()
    if row is None or row["forgotten"]:
        raise JobGone("job_unknown" if row is None else "job_deleted")
    return job_of(row)


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise Unavailable("unavailable_database") from error

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
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    TextClause,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.codec import CodecError, dumps, loads
from storage.database import begun_orders, deliveries, ledger, lives, queue_order, reports, totals
from storage.database.bots import BotTable, check_holder
from storage.database.connect import READING, drop_history, lock, touch
from storage.database.decisions import DecisionTable
from storage.database.library.clip_library import ClipLibrary
from storage.database.library.style_table import StyleTable
from storage.database.privacy import leftovers, posts
from storage.database.privacy.erasures import FORGOTTEN, left_by
from storage.database.privacy.privacy_tables import PrivacyTables
from storage.database.queue_order import DispatchWindow, QueueSize, has_room
from storage.database.rows import (
    RowReader,
    as_stored,
    clip_columns,
    job_of,
    outcome_columns,
    reply_columns,
    row_of,
    workload_key,
)
from storage.database.tables import (
    BILLED,
    BLOB_KEYS,
    CLIPS,
    HAS_TOKEN,
    UNDELIVERED,
    UNFINISHED,
    WAITING,
    jobs,
)
from storage.database.trust.audit_table import AuditTable
from storage.database.trust.server_table import ServerTable
from storage.database.usage.usage_table import UsageTable
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Clip, Failure
from storage.domain.errors import JobGone, NotAllowed, Unavailable
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.models.pipeline_row import PipelineRow
from storage.domain.models.served_model import ServedModel
from storage.domain.privacy.post import PostKind
from storage.domain.quota import Allowance, UsageReport, check, price
from storage.domain.request import GenerationRequest
from storage.domain.trust.limits import UNLIMITED, Limits
from storage.logs import FaultLog

log = logging.getLogger(__name__)

QUEUED = jobs.c.status == Status.QUEUED.value
VISIBLE = jobs.c.forgotten.is_(False)
PAGE = 200  # rows that are read at once, so that other work is not held up

Condition = ColumnElement[bool] | TextClause


class Jobs:
    """Reads and writes jobs; safe to share between tasks, processes and hosts."""

    def __init__(self, engine: AsyncEngine, catalogue: Catalogue) -> None:
        """Use this database, and the catalogue's quota."""
        self._engine = engine
        self._reader = engine.execution_options(**READING)
        self._catalogue = catalogue
        self._quota = catalogue.quota
        self._faults = FaultLog(log, "the database")
        self._rows = RowReader()
        # SQLite's writers poll ever less often until its lock is free; a lock here is quicker.
        sqlite = engine.dialect.name == "sqlite"
        self._write_lock = asyncio.Lock() if sqlite else nullcontext()
        self.begun_orders = begun_orders.BegunOrderTable(self._read, self._write)
        self.deliveries = deliveries.DeliveryTable(self._read, self._write, self._rows)
        self.library = ClipLibrary(self._read, self._rows)
        self.lives = lives.LifeTable(self._read, self._write)
        self.bots = BotTable(self._read, self._write)
        self.decisions = DecisionTable(self._read, self._write)
        self.styles = StyleTable(self._read, self._write)
        self.servers = ServerTable(self._read, self._write)
        self.audit = AuditTable(self._read, self._write)
        self.privacy = PrivacyTables(self._read, self._write, partial(drop_history, engine))
        self.usage = UsageTable(self._read)

    @property
    def unreadable(self) -> frozenset[str]:
        """The ids of jobs whose rows were set aside because they cannot be read."""
        return frozenset(self._rows.unreadable)

    async def check_writable(self) -> None:
        """Write to the database; raise Unavailable where that is not possible."""
        async with self._write() as connection:
            await touch(connection)

    async def add(self, *new: Job, begun_order: str = "", limits: Limits = UNLIMITED) -> None:
        """Insert one person's new jobs and reserve their costs, all or none; raise QuotaExceeded.

        Jobs that were answered from the cache cost nothing. The begun order, if there is one, is
        ended; raise JobGone where its person was told meanwhile that it was interrupted. limits are
        the person's in the server where they order.
        """
        owner, now = new[0].owner, new[0].created
        fresh = [job for job in new if not job.cached]
        async with self._write() as connection:
            if begun_order:
                await begun_orders.place(connection, begun_order, now)
            if fresh:
                await lock(connection, owner)
                server = (new[0].reply_to.guild, limits)
                allowance = await ledger.allowance(connection, owner, now, self._quota, server)
                check(allowance, [job.cost for job in fresh], self._quota, now)
            for job in new:
                cost = price(job.request, self._catalogue.work(job.request.model))
                saved = cost if job.cached else 0
                row = row_of(job, self._cache_key(job.request), saved)
                await connection.execute(insert(jobs).values(row))
                await totals.record(connection, None, row)
            for job in fresh:
                await ledger.reserve(connection, job)

    async def dispatched(
        self, job_id: str, attempt: int, at: float, window: DispatchWindow | None = None
    ) -> bool:
        """Record that this attempt is queued; return False where that would exceed the window.

        Raise JobGone where the job does not wait for it: of two callers, only the first counts.
        """
        waits = QUEUED & (jobs.c.attempt < attempt)
        async with self._write() as connection:
            if window is not None and not await has_room(connection, self._rows, window):
                return False
            await _step(connection, job_id, waits, attempt=attempt, dispatched=at)
        return True

    async def started(self, job_id: str, attempt: int, at: float) -> None:
        """Record that a worker took this attempt; raise JobGone if it is not the latest."""
        latest = and_(UNFINISHED, jobs.c.attempt == attempt)
        # An attempt that was given up too early, but not yet repeated, is running after all.
        dispatched = func.coalesce(func.nullif(jobs.c.dispatched, 0.0), at)
        running = {"status": Status.RUNNING.value, "started": at, "dispatched": dispatched}
        await self._step(job_id, latest, **running)

    async def requeue(self, job_id: str, attempt: int, died: bool, *, lost: bool = False) -> Job:
        """Queue the job again after an attempt without a clip.

        died: it may have crashed its worker; lost: its order vanished before a worker had it.
        Raise JobGone if the attempt is not running: of two callers, only the first counts.
        """
        flying = and_(UNFINISHED, jobs.c.attempt == attempt, jobs.c.dispatched > 0.0)
        changes: dict[str, Any] = {"deaths": jobs.c.deaths + int(died)}
        changes |= {"losses": jobs.c.losses + int(lost), "status": Status.QUEUED.value}
        changes |= {"dispatched": 0.0, "started": 0.0}
        return await self._step(job_id, flying, **changes)

    async def finish(self, job_id: str, outcome: Clip | Failure, at: float) -> Job | None:
        """End the job and refund the cost of a failed one; None if it had ended before.

        A picture that was made for the clip is the request's from then on.
        """
        async with self._write() as connection:
            ended = await _change(connection, job_id, UNFINISHED, outcome_columns(outcome, at))
            if ended is not None and ended.clip is not None and ended.clip.made_with is not None:
                key = self._cache_key(ended.request, ended.clip.made_with)
                other = and_(jobs.c.id == job_id, jobs.c.fingerprint != key)
                await connection.execute(update(jobs).where(other).values(fingerprint=key))
            if ended is not None and ended.clip is not None and ended.clip.picture:
                request = replace(ended.request, picture=ended.clip.picture)
                changes = {"request": dumps(request), "picture": request.picture}
                ended = await _change(connection, job_id, VISIBLE, changes)
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
            ended = await _change(connection, job_id, UNFINISHED, outcome_columns(failure, at))
            if ended is None:
                raise JobGone("job_over", status=job.status.value)
            await ledger.refund(connection, ended, at)
            return ended

    async def shorten(self, job_id: str, made: int, at: float, attempt: int = 0) -> Job | None:
        """Let an unfinished story have no more segments than are made, and refund the others.

        Where an attempt is given, it is over, and the job is queued again. Return None where the
        job has ended, or changed meanwhile.
        """
        async with self._write() as connection:
            job = await _get(connection, job_id)
            request = replace(job.request, stopped_after=made)
            cost = min(job.cost, price(request, self._catalogue.work(request.model)))
            unchanged = and_(UNFINISHED, jobs.c.cost == job.cost)  # of two, one gives it back
            changes: dict[str, Any] = {"request": dumps(request), "cost": cost}
            changes["returned"] = jobs.c.returned + (job.cost - cost)
            changes |= {"fingerprint": self._cache_key(request), "kind": workload_key(request)}
            if attempt:
                unchanged = and_(unchanged, jobs.c.attempt == attempt, jobs.c.dispatched > 0.0)
                changes |= {"status": Status.QUEUED.value, "dispatched": 0.0, "started": 0.0}
            changed = await _change(connection, job_id, unchanged, changes)
            if changed is not None:
                await ledger.reduce(connection, changed, job.cost - cost, at)
            return changed

    async def delivered(
        self, job_id: str, message: str, at: float, *, waits: bool = False, charged: bool = True
    ) -> bool:
        """Record that the outcome was delivered; return True for the first caller only.

        waits: it waits until its owner fetches it. A clip is charged unless charged is False.
        """
        changes: dict[str, Any] = {"delivered": at, "token": ""}  # which is not needed any more
        if message:
            changes["message"] = message
        if not charged:
            changes |= {"cost": 0, "returned": jobs.c.returned + jobs.c.cost}
        async with self._write() as connection:
            before = await _get(connection, job_id)
            job = await _change(connection, job_id, UNDELIVERED, changes)
            if job is None:
                return False
            if job.status is Status.DONE and not job.cached:
                close = ledger.settle if charged else ledger.refund
                await close(connection, before, at)
            await deliveries.end(connection, job, at, waits=waits)
        return True

    async def reopen(self, job_id: str) -> Job | None:
        """Queue a done job again whose clip was lost before its delivery; None if it is not one.

        It counts as a death, so that a store which loses every clip does not cost work for ever.
        """
        undelivered = and_(UNDELIVERED, CLIPS)
        changes = {"status": Status.QUEUED.value, "dispatched": 0.0, "started": 0.0, "ended": 0.0}
        changes |= {"deaths": jobs.c.deaths + 1, "seconds": 0.0, **clip_columns(None)}
        changes |= {"billed": False, **dict.fromkeys(BILLED, 0.0)}
        async with self._write() as connection:
            job = await _change(connection, job_id, undelivered, changes)
            if job is not None:
                await ledger.reopen(connection, job_id)
            return job

    async def drop_dead_tokens(self, now: float) -> None:
        """Delete the interaction tokens that have expired, and begun orders that ended long ago."""
        dead = select(jobs.c.id).where(HAS_TOKEN, jobs.c.token_expires < now)
        # Not those that are being changed: of two who wait for each other, one would have to fail.
        dead = dead.with_for_update(skip_locked=True)
        async with self._write() as connection:
            await connection.execute(update(jobs).where(jobs.c.id.in_(dead)).values(token=""))
            await begun_orders.delete_ended(connection, now)

    async def move(self, job: Job, reply_to: ReplyTarget) -> None:
        """Change where the job is answered; raise HolderChanged where another bot does it now."""
        async with self._write() as connection:
            await check_holder(connection, job)
            if await _change(connection, job.id, VISIBLE, reply_columns(reply_to)) is None:
                raise JobGone("job_deleted")

    async def forget(self, job_id: str, *, shown: bool = False) -> None:
        """Delete a job's request and clip, and hide it from every lookup; its cost stays.

        The copies of its clip in channels are deleted, unless it stays shown: then they and its
        answer stay until the owner is forgotten. Reports stay so long in either case.
        """
        here = select(jobs).where(jobs.c.id == job_id, VISIBLE).with_for_update()
        async with self._write() as connection:
            row = (await connection.execute(here)).mappings().first()
            changes = dict(FORGOTTEN)
            if row is not None and not Status(row["status"]).final:
                del changes["request"]  # it may still be dispatched
            await _step(connection, job_id, VISIBLE, **changes)
            await deliveries.drop(connection, job_id)
            if row is not None:
                await leftovers.add(connection, left_by(row, messages=False))
                if shown:
                    await posts.keep_answer(connection, row)
                else:
                    await posts.take_down(connection, [job_id], [PostKind.CLIP])

    async def get(self, job_id: str) -> Job:
        """Return the job; raise JobGone where it is unknown or deleted."""
        async with self._read() as connection:
            return await _get(connection, job_id)

    async def find_clip(self, request: GenerationRequest, owner: str | None = None) -> Clip | None:
        """Return the latest clip of the same request, model revision and presets.

        Where an owner is given, one of theirs.
        """
        key = self._cache_key(request)
        wanted = (jobs.c.fingerprint == key) & (jobs.c.status == Status.DONE.value) & VISIBLE
        if owner is not None:
            wanted &= jobs.c.owner == owner
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
        fingerprint = select(jobs.c.fingerprint).where(jobs.c.id == ended).scalar_subquery()
        repeats = exists().where(jobs.c.fingerprint == fingerprint, UNFINISHED)
        names = (exists().where(jobs.c[name] == blob) for name in BLOB_KEYS)
        async with self._read() as connection:
            return bool(await connection.scalar(select(or_(repeats, *names))))

    async def by_message(self, front: str, channel: str, message: str) -> Job | None:
        """Return the job that this message shows, if any."""
        there = (jobs.c.front == front) & (jobs.c.channel == channel)
        found = await self._all(there & (jobs.c.message == message) & VISIBLE)
        return found[-1] if found else None

    async def by_clip(self, blob: str) -> Job | None:
        """Return a job whose clip has this file, if any."""
        found = await self._all((jobs.c.clip_blob == blob) & VISIBLE)
        return found[-1] if found else None

    async def unfinished(self) -> list[Job]:
        """Return the jobs that have not ended, the oldest first."""
        before = await self.in_flight()  # one that goes back to wait meanwhile is in one of them
        waiting = await self._all(WAITING, jobs.c.owner, jobs.c.model)
        found = {job.id: job for job in (*before, *waiting, *await self.in_flight())}
        return sorted(found.values(), key=lambda job: (job.created, job.id))

    async def undelivered(self) -> list[Job]:
        """Return the ended jobs whose outcome was not delivered yet, the oldest first."""
        return await self._all(UNDELIVERED)

    async def in_flight(self) -> list[Job]:
        """Return the unfinished jobs that were dispatched, the earliest first."""
        async with self._read() as connection:
            return await queue_order.in_flight(connection, self._rows)

    async def next_jobs(
        self, limit: int, skipped: Collection[str] = (), model: str = ""
    ) -> list[Job]:
        """Return a model's first jobs to be dispatched, in a fair order, without those ids.

        An empty name is the default model.
        """
        model = model or self._catalogue.default_model
        async with self._read() as connection:
            return await queue_order.next_jobs(connection, self._rows, model, limit, skipped)

    async def waiting_models(self) -> list[str]:
        """Return the models for which jobs wait to be dispatched."""
        async with self._read() as connection:
            return await queue_order.waiting_models(connection)

    async def position(self, job_id: str) -> int | None:
        """Return how many jobs of its model are ahead of this one; None if it does not wait."""
        async with self._read() as connection:
            return await queue_order.position(connection, job_id)

    async def queue_sizes(self) -> dict[str, QueueSize]:
        """Return how many jobs wait and run for each model that has any."""
        async with self._read() as connection:
            return await queue_order.sizes(connection)

    async def allowance(
        self, owner: str, now: float, guild: str = "", limits: Limits = UNLIMITED
    ) -> Allowance:
        """Return what the person spent, reserved and has left, with these limits in a server."""
        async with self._read() as connection:
            return await ledger.allowance(connection, owner, now, self._quota, (guild, limits))

    async def report(
        self, owner: str, now: float, guild: str = "", limits: Limits = UNLIMITED
    ) -> UsageReport:
        """Return the usage of one person, and what is left with these limits in a server."""
        async with self._read() as connection:
            server = (guild, limits)
            allowance = await ledger.allowance(connection, owner, now, self._quota, server)
            return await reports.of_owner(connection, owner, allowance)

    async def report_all(self, since: float) -> UsageReport:
        """Return everybody's usage since a time."""
        async with self._read() as connection:
            return await reports.since(connection, since)

    async def median_seconds(self, request: GenerationRequest) -> float | None:
        """Return how long similar requests took lately; None without any."""
        async with self._read() as connection:
            return await reports.median_seconds(connection, workload_key(request))

    async def mean_start(self, model: str = "") -> float | None:
        """Return how long workers took lately to load a model, an empty name for the default."""
        return await self.lives.mean_start(model or self._catalogue.default_model)

    async def orders_since(self, moment: float, limit: int) -> list[tuple[float, float, float]]:
        """Return creation, end and GPU seconds of clips ordered since a time, the latest last."""
        async with self._read() as connection:
            return await reports.orders_since(connection, moment, limit)

    def _cache_key(self, request: GenerationRequest, made_with: ServedModel | None = None) -> str:
        """Return what the same clips share; made_with is what made one, where it is known."""
        model = _model_key(self._catalogue, request.model, made_with)
        return sha256(f"{model} {request.fingerprint}".encode()).hexdigest()

    async def _step(self, job_id: str, allowed: Condition, **changes: Any) -> Job:
        """Change a job in a transaction of its own; raise JobGone where it cannot be."""
        async with self._write() as connection:
            return await _step(connection, job_id, allowed, **changes)

    async def _all(self, which: Condition, *first: Column[Any]) -> list[Job]:
        """Return the jobs that match the condition, the oldest first, read page by page.

        They come in the order of the columns `first`, and only then the oldest first.
        """
        found: list[Job] = []
        place = (*first, jobs.c.created, jobs.c.id)
        query = select(jobs).where(which).order_by(*place).limit(PAGE)
        after = query
        while True:
            async with self._read() as connection:
                rows = (await connection.execute(after)).mappings().all()
            found += self._rows.jobs(rows)
            if len(rows) < PAGE:
                return found
            last = (as_stored(rows[-1][column]) for column in place)
            after = query.where(tuple_(*place) > tuple_(*last))

    @asynccontextmanager
    async def _write(self) -> AsyncIterator[AsyncConnection]:
        async with self._reachable(), self._write_lock, self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        async with self._reachable(), self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def _reachable(self) -> AsyncIterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, PoolTimeout, OSError) as error:
            self._faults.begin(error.orig or error if isinstance(error, DBAPIError) else error)
            raise Unavailable("unavailable_database") from error
        self._faults.end()


def _model_key(catalogue: Catalogue, name: str, made_with: ServedModel | None) -> str:
    """Return what a clip depends on beside its request: the model's weights and the presets.

    A worker may serve other weights than the catalogue's: a hub's other revision, or the row of
    another release. Nobody who orders the catalogue's is given what that one made.
    """
    row = catalogue.models.get(name)
    if row is None:
        return repr(([], sorted(catalogue.presets.items())))
    if made_with is not None and not row.is_made_by(made_with):
        row = replace(row, source=made_with.source, revision=made_with.revision)
    facts = [(name, row.source, row.revision)], sorted(catalogue.presets_of(row).items())
    return repr(facts if row.pipeline == PipelineRow() else (*facts, row.pipeline))


async def _step(
    connection: AsyncConnection, job_id: str, allowed: Condition, **changes: Any
) -> Job:
    """Change a job if it matches the condition; raise JobGone otherwise."""
    job = await _change(connection, job_id, allowed, changes)
    if job is None:
        job = await _get(connection, job_id)
        raise JobGone("job_over", status=job.status.value)
    return job


async def _change(
    connection: AsyncConnection, job_id: str, allowed: Condition, changes: dict[str, Any]
) -> Job | None:
    """Change the job if it matches the condition; return the changed job, or None."""
    here = jobs.c.id == job_id
    query = select(jobs).where(here, allowed).with_for_update()
    old = (await connection.execute(query)).mappings().first()
    if old is None:
        return None
    change = update(jobs).where(here).values(changes).returning(*jobs.c)
    new = (await connection.execute(change)).mappings().one()
    job = job_of(new)
    await totals.record(connection, dict(old), dict(new))
    return job


async def _get(connection: AsyncConnection, job_id: str) -> Job:
    if not (job_id.isascii() and job_id.isprintable()):  # of a form that nobody was offered
        raise JobGone("job_unknown")
    query = select(jobs).where(jobs.c.id == job_id)
    row = (await connection.execute(query)).mappings().first()
    if row is None or row["forgotten"]:
        raise JobGone("job_unknown" if row is None else "job_deleted")
    return job_of(row)

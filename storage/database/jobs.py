"""The job store: every job with its state, its outcome and its cost.

Each change is one transaction. The first end of a job wins. A failed or cancelled job's end refunds
its reservation; a clip's reservation is settled when the clip was delivered or waits until its
owner fetches it, so that nobody is charged for a clip that they could not reach: the sum of a
person's ledger is the cost of these clips, and what unfinished and undelivered jobs reserve.
Every method raises Unavailable("unavailable_database") where the database
cannot be reached.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.codec import dumps
from storage.database import begun_orders, deliveries, ledger, lives, totals
from storage.database.bots import BotTable, check_holder
from storage.database.connect import drop_history, lock, touch
from storage.database.decisions import DecisionTable
from storage.database.library.clip_library import ClipLibrary
from storage.database.library.style_table import StyleTable
from storage.database.privacy import leftovers, posts
from storage.database.privacy.erasures import FORGOTTEN, left_by
from storage.database.privacy.privacy_tables import PrivacyTables
from storage.database.queries.cache_key import cache_key
from storage.database.queries.job_changes import VISIBLE, Condition, change_job, get_job, step_job
from storage.database.queries.job_search import JobSearch
from storage.database.queries.job_sums import JobSums
from storage.database.queries.pending_jobs import DispatchWindow, PendingJobs, has_room
from storage.database.rows import (
    RowReader,
    clip_columns,
    outcome_columns,
    reply_columns,
    row_of,
    workload_key,
)
from storage.database.tables import BILLED, CLIPS, HAS_TOKEN, UNDELIVERED, UNFINISHED, jobs
from storage.database.transactions import Transactions
from storage.database.trust.audit_table import AuditTable
from storage.database.trust.server_table import ServerTable
from storage.database.usage.usage_table import UsageTable
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Clip, Failure
from storage.domain.errors import JobGone, NotAllowed
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.privacy.post import PostKind
from storage.domain.quota import check, price
from storage.domain.trust.limits import UNLIMITED, Limits

QUEUED = jobs.c.status == Status.QUEUED.value


class Jobs:
    """Reads and writes jobs; safe to share between tasks, processes and hosts."""

    def __init__(self, engine: AsyncEngine, catalogue: Catalogue) -> None:
        """Use this database, and the catalogue's quota."""
        self._engine = engine
        self._catalogue = catalogue
        self._quota = catalogue.quota
        self._rows = RowReader()
        transactions = Transactions(engine)
        self._read, self._write = transactions.read, transactions.write
        self.pending = PendingJobs(self._read, self._rows, catalogue.default_model)
        self.search = JobSearch(self._read, self._rows, catalogue)
        self.sums = JobSums(self._read, catalogue.quota)
        self.begun_orders = begun_orders.BegunOrderTable(self._read, self._write)
        self.deliveries = deliveries.DeliveryTable(self._read, self._write, self._rows)
        self.library = ClipLibrary(self._read, self._rows)
        self.lives = lives.LifeTable(self._read, self._write, catalogue.default_model)
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
                row = row_of(job, cache_key(self._catalogue, job.request), saved)
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
            await step_job(connection, job_id, waits, attempt=attempt, dispatched=at)
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
            ended = await change_job(connection, job_id, UNFINISHED, outcome_columns(outcome, at))
            if ended is not None and ended.clip is not None and ended.clip.made_with is not None:
                key = cache_key(self._catalogue, ended.request, ended.clip.made_with)
                other = and_(jobs.c.id == job_id, jobs.c.fingerprint != key)
                await connection.execute(update(jobs).where(other).values(fingerprint=key))
            if ended is not None and ended.clip is not None and ended.clip.picture:
                request = replace(ended.request, picture=ended.clip.picture)
                changes = {"request": dumps(request), "picture": request.picture}
                ended = await change_job(connection, job_id, VISIBLE, changes)
            if ended is not None and ended.status is not Status.DONE:
                await ledger.refund(connection, ended, at)
            return ended

    async def cancel(self, job_id: str, owner: str | None, at: float) -> Job:
        """Cancel a job for its owner (None: for anybody); raise JobGone or NotAllowed."""
        failure = Failure("failed_cancelled", cancelled=True)
        async with self._write() as connection:
            job = await get_job(connection, job_id)
            if owner is not None and job.owner != owner:
                raise NotAllowed("denied_not_owner")
            ended = await change_job(connection, job_id, UNFINISHED, outcome_columns(failure, at))
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
            job = await get_job(connection, job_id)
            request = replace(job.request, stopped_after=made)
            cost = min(job.cost, price(request, self._catalogue.work(request.model)))
            unchanged = and_(UNFINISHED, jobs.c.cost == job.cost)  # of two, one gives it back
            changes: dict[str, Any] = {"request": dumps(request), "cost": cost}
            changes["returned"] = jobs.c.returned + (job.cost - cost)
            changes |= {
                "fingerprint": cache_key(self._catalogue, request),
                "kind": workload_key(request),
            }
            if attempt:
                unchanged = and_(unchanged, jobs.c.attempt == attempt, jobs.c.dispatched > 0.0)
                changes |= {"status": Status.QUEUED.value, "dispatched": 0.0, "started": 0.0}
            changed = await change_job(connection, job_id, unchanged, changes)
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
            before = await get_job(connection, job_id)
            job = await change_job(connection, job_id, UNDELIVERED, changes)
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
            job = await change_job(connection, job_id, undelivered, changes)
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
            if await change_job(connection, job.id, VISIBLE, reply_columns(reply_to)) is None:
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
            await step_job(connection, job_id, VISIBLE, **changes)
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
            return await get_job(connection, job_id)

    async def _step(self, job_id: str, allowed: Condition, **changes: Any) -> Job:
        """Change a job in a transaction of its own; raise JobGone where it cannot be."""
        async with self._write() as connection:
            return await step_job(connection, job_id, allowed, **changes)

"""Jobs that have not ended, and the order in which each model's waiting ones will be taken.

What is read grows with the number of owners that have waiting jobs, or not even with that, never
with the number of jobs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import RowMapping, and_, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database.connect import lock
from storage.database.queries.job_pages import all_jobs
from storage.database.rows import RowReader, as_stored
from storage.database.tables import HAS_WAITING, IN_FLIGHT, WAITING, jobs
from storage.database.tables import owner_queues as queues
from storage.database.transactions import Transaction
from storage.domain.fairness import FairOrder
from storage.domain.job import Job, Status


@dataclass(frozen=True, slots=True)
class QueueSize:
    """How many jobs wait for a worker or are run by one, and when the oldest waiting was made."""

    waiting: int
    running: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class DispatchWindow:
    """How many jobs may be in flight at once, of those that count."""

    size: int
    counts: Callable[[Job], bool]


class PendingJobs:
    """Reads the jobs that have not ended."""

    def __init__(self, read: Transaction, rows: RowReader, default_model: str) -> None:
        self._read = read
        self._rows = rows
        self._default_model = default_model

    async def all(self) -> list[Job]:
        """Return the jobs that have not ended, the oldest first."""
        before = await self.in_flight()  # one that goes back to wait meanwhile is in one of them
        waiting = await all_jobs(self._read, self._rows, WAITING, jobs.c.owner, jobs.c.model)
        found = {job.id: job for job in (*before, *waiting, *await self.in_flight())}
        return sorted(found.values(), key=lambda job: (job.created, job.id))

    async def in_flight(self) -> list[Job]:
        """Return those that were dispatched, the earliest first."""
        async with self._read() as connection:
            return await _in_flight(connection, self._rows)

    async def next(self, limit: int, skipped: Collection[str] = (), model: str = "") -> list[Job]:
        """Return a model's first jobs to be dispatched, the next one first, without those ids.

        An empty name is the default model.
        """
        async with self._read() as connection:
            model = model or self._default_model
            return await _next_jobs(connection, self._rows, model, limit, skipped)

    async def models(self) -> list[str]:
        """Return the models for which jobs wait that are not dispatched."""
        query = select(queues.c.model).where(HAS_WAITING).distinct().order_by(queues.c.model)
        async with self._read() as connection:
            return [*await connection.scalars(query)]

    async def position(self, job_id: str) -> int | None:
        """Return how many jobs of its model are ahead of this one; None if it does not wait."""
        query = select(jobs).where(jobs.c.id == job_id)
        async with self._read() as connection:
            job = (await connection.execute(query)).mappings().first()
            if job is None or job["status"] != Status.QUEUED.value:
                return None
            same = (jobs.c.model == job["model"], jobs.c.status == Status.QUEUED.value)
            queued = select(func.count()).where(and_(IN_FLIGHT, *same))
            if job["dispatched"]:
                earlier = jobs.c.dispatched < job["dispatched"]
                return await connection.scalar(queued.where(earlier)) or 0
            dispatched = await connection.scalar(queued) or 0
            return dispatched + await _fair_position(connection, job)

    async def sizes(self) -> dict[str, QueueSize]:
        """Return how many jobs wait and run for each model that has any."""
        model = queues.c.model
        columns = (func.sum(queues.c.waiting), func.min(queues.c.head_created))
        lines = select(model, *columns).where(HAS_WAITING).group_by(model)
        flying = select(jobs.c.model, jobs.c.status, jobs.c.created).where(IN_FLIGHT)
        async with self._read() as connection:
            waiting = (await connection.execute(lines)).all()
            dispatched = (await connection.execute(flying)).all()
        found = {name: QueueSize(int(count), 0, oldest) for name, count, oldest in waiting}
        for name, status, created in dispatched:
            size = found.get(name, QueueSize(0, 0, None))
            if status == Status.QUEUED.value:
                # A time that is no number is damaged.
                moments = [at for at in (size.oldest, created) if isinstance(at, float)]
                found[name] = QueueSize(size.waiting + 1, size.running, min(moments, default=None))
            else:
                found[name] = replace(size, running=size.running + 1)
        return found


async def _next_jobs(
    connection: AsyncConnection,
    rows: RowReader,
    model: str,
    limit: int,
    skipped: Collection[str],
) -> list[Job]:
    order, lines = FairOrder(), dict[str, _Line]()
    heads, needed = _heads(connection, model, limit), limit
    found: list[Job] = []
    while len(found) < limit:
        # The first `limit` owners are enough, unless one of them has no readable job.
        while needed and (head := await anext(heads, None)) is not None:
            order.add(head["active"], head["turn"], head["owner"])
            lines[head["owner"]] = _Line(connection, rows, (model, head), skipped)
            needed -= 1
        owner = order.next_owner()
        if owner is None:
            break
        job = await lines[owner].next_job()
        if job is None:
            order.remove()
            needed += not lines[owner].served
        else:
            order.serve()
            found.append(job)
    return found


async def _heads(connection: AsyncConnection, model: str, page: int) -> AsyncIterator[RowMapping]:
    """Yield each owner's turn with their oldest waiting job for a model, who is next first.

    The columns of the job are None where its row was damaged since it was counted.
    """
    place = (queues.c.active, queues.c.turn, queues.c.owner)
    turns = select(*place, queues.c.waiting, queues.c.head_created)
    turns = turns.where(queues.c.model == model, HAS_WAITING).order_by(*place).limit(page)
    columns = [column for column in jobs.c if column.name != "owner"]
    while True:
        # In a subquery, so that no database begins with the table of jobs; and each head by itself,
        # or PostgreSQL goes through all that waits where nothing did when it last looked.
        some = turns.subquery()
        line = (jobs.c.owner == some.c.owner, jobs.c.model == model, WAITING)
        oldest = select(jobs.c.id).where(*line, jobs.c.created == some.c.head_created)
        head = oldest.order_by(jobs.c.id).limit(1).correlate(some).scalar_subquery()
        query = select(some, *columns).join_from(some, jobs, jobs.c.id == head, isouter=True)
        query = query.order_by(some.c.active, some.c.turn, some.c.owner)
        found = (await connection.execute(query)).mappings().all()
        for row in found:
            yield row
        if not found:
            return
        behind = tuple_(*place) > tuple_(*(as_stored(found[-1][column.name]) for column in place))
        turns = turns.where(behind)


class _Line:
    """One owner's waiting jobs for a model, read as far as they are needed.

    Those that cannot be read, or are to be skipped, are left out.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        reader: RowReader,
        place: tuple[str, RowMapping],
        skipped: Collection[str],
    ) -> None:
        model, head = place
        self._connection = connection
        self._reader = reader
        self._skipped = skipped
        self._mine = (jobs.c.owner == head["owner"], jobs.c.model == model)
        self._page = 1
        self._place: tuple[Any, Any] | None = None
        self._rows = deque([head] if head["id"] is not None else [])
        self._unread = head["waiting"] - len(self._rows)
        self.served = 0

    async def next_job(self) -> Job | None:
        """Return the next job, None at the end."""
        while self._rows or self._unread > 0:
            if not self._rows:
                await self._read()
                continue
            row = self._rows.popleft()
            self._place = row["created"], row["id"]
            for job in self._reader.jobs([row]):
                if job.id not in self._skipped:
                    self.served += 1
                    return job
        return None

    async def _read(self) -> None:
        """Read as many rows as were read before."""
        place = (jobs.c.created, jobs.c.id)
        query = select(jobs).where(*self._mine, WAITING)
        if self._place is not None:
            query = query.where(tuple_(*place) > tuple_(*map(as_stored, self._place)))
        found = await self._connection.execute(query.order_by(*place).limit(self._page))
        self._rows.extend(found.mappings())
        self._unread = self._unread - self._page if self._rows else 0
        self._page *= 2


async def _in_flight(connection: AsyncConnection, rows: RowReader) -> list[Job]:
    query = select(jobs).where(IN_FLIGHT).order_by(jobs.c.dispatched, jobs.c.id)
    return rows.jobs((await connection.execute(query)).mappings())


async def has_room(connection: AsyncConnection, rows: RowReader, window: DispatchWindow) -> bool:
    """Tell whether one more job may be dispatched; no other transaction may until this one ends."""
    await lock(connection, "dispatch")
    flying = await _in_flight(connection, rows)
    return sum(map(window.counts, flying)) < window.size


async def _fair_position(connection: AsyncConnection, job: RowMapping) -> int:
    """Return how many jobs fair_order puts before this one, without going through them.

    A job with `ahead` jobs of its owner before it comes in round active + ahead. Before it come all
    jobs of earlier rounds, and in its round the owners that entered later (with more active jobs),
    then those whose turn is earlier.
    """
    mine = and_(queues.c.owner == job["owner"], queues.c.model == job["model"])
    own = (await connection.execute(select(queues).where(mine))).one()
    older = tuple_(jobs.c.created, jobs.c.id) < tuple_(job["created"], job["id"])
    line = and_(jobs.c.owner == job["owner"], jobs.c.model == job["model"], WAITING)
    ahead = await connection.scalar(select(func.count()).where(line, older)) or 0
    rounds = own.active + ahead - queues.c.active
    earlier = case((rounds <= 0, 0), (queues.c.waiting < rounds, queues.c.waiting), else_=rounds)
    turn = tuple_(queues.c.turn, queues.c.owner) < tuple_(own.turn, own.owner)
    first = or_(queues.c.active > own.active, and_(queues.c.active == own.active, turn))
    same = and_(rounds >= 0, queues.c.waiting > rounds, first)
    others = and_(queues.c.model == job["model"], HAS_WAITING)
    query = select(func.sum(earlier + case((same, 1), else_=0))).where(others)
    return int(await connection.scalar(query) or 0)

"""Two bots on one database: nothing is spent twice, and neither has to give up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack.waiting import poll
from storage.database.connect import lock, open_database
from storage.database.jobs import Jobs
from storage.database.tables import days, ledger
from storage.database.tables import jobs as jobs_table
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.cost.bill import WorkerLife
from storage.domain.delivery_state import DeliveryState, Way
from storage.domain.errors import QuotaExceeded
from storage.domain.quota import DAY, day_of
from tests.support.examples import CLIP, JOB, job

NOON = 1000 * DAY + DAY / 2
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
async def bots(migrated_url: str, catalogue: Catalogue) -> AsyncIterator[tuple[Jobs, Jobs]]:
    """The same jobs as two processes see them, with 20 credits a day for everybody."""
    engines = [await open_database(migrated_url) for _ in range(2)]
    strict = replace(catalogue, quota=QuotaRow(20, 100))
    first, second = (Jobs(engine, strict) for engine in engines)
    yield first, second
    for engine in engines:
        await engine.dispose()


async def test_two_bots_may_open_a_new_database_at_once(database_url: str) -> None:
    engines = await asyncio.gather(*(open_database(database_url) for _ in range(3)))
    for engine in engines:
        await engine.dispose()


async def test_orders_with_two_bots_at_once_never_overdraw(
    bots: tuple[Jobs, Jobs], engine: AsyncEngine
) -> None:
    orders = [bots[n % 2].add(job(f"j{n}", created=NOON, cost=9)) for n in range(40)]
    answers = await asyncio.gather(*orders, return_exceptions=True)
    assert sum(answer is None for answer in answers) == 2
    assert all(isinstance(answer, QuotaExceeded) for answer in answers if answer is not None)
    assert (await bots[0].allowance("ann", NOON)).left == 2
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.sum(ledger.c.credits))) == 18


async def test_of_two_bots_one_ends_a_job_and_one_delivers_it(bots: tuple[Jobs, Jobs]) -> None:
    for n in range(4):
        await bots[0].add(job(f"j{n}", created=NOON, cost=1))
    both = [(bot, f"j{n}") for n in range(4) for bot in bots]
    ends = await asyncio.gather(*(bot.finish(name, CLIP, NOON) for bot, name in both))
    assert sum(end is not None for end in ends) == 4
    first = await asyncio.gather(*(bot.delivered(name, "9", NOON) for bot, name in both))
    assert sum(first) == 4
    assert (await bots[1].allowance("ann", NOON)).spent == 4


async def test_two_bots_may_note_the_same_delivery_at_once(bots: tuple[Jobs, Jobs]) -> None:
    await bots[0].add(JOB)
    tried = DeliveryState(posting=Way.POST, posting_at=5.0)
    await asyncio.gather(*(bots[n % 2].deliveries.put(JOB, tried) for n in range(10)))
    assert await bots[0].deliveries.get(JOB.id) == tried


async def test_a_bill_of_many_and_an_end_do_not_wait_for_each_other(
    migrated_postgres_url: str, catalogue: Catalogue
) -> None:
    """Only PostgreSQL lets two write at once."""
    engine = await open_database(migrated_postgres_url)
    jobs = Jobs(engine, catalogue)
    for owner in ("ann", "bob"):
        await jobs.add(job(owner, owner, NOON))
        await jobs.finish(owner, replace(CLIP, worker="w"), NOON)
    life = WorkerLife("a1", "w", "", NOON, NOON + 1.0, NOON + 9.0, ended=True)
    async with engine.begin() as other:
        await lock(other, "bob")  # as one who ends a job of Bob's
        billing = asyncio.create_task(jobs.lives.record(life, 0.5))
        await poll(lambda: _waits(engine), 20.0, "the bill to wait for Bob")
        await lock(other, f"day {day_of(NOON)}")
    assert len(await billing) == 2
    async with engine.connect() as connection:
        assert await connection.scalar(select(days.c.money)) == pytest.approx(0.5)
    await engine.dispose()


async def test_dead_tokens_of_jobs_that_are_being_changed_are_left_for_later(
    migrated_postgres_url: str, catalogue: Catalogue
) -> None:
    engine = await open_database(migrated_postgres_url)
    jobs = Jobs(engine, catalogue)
    for name in ("busy", "idle"):
        await jobs.add(job(name))
    async with engine.begin() as other:
        busy = select(jobs_table).where(jobs_table.c.id == "busy").with_for_update()
        await other.execute(busy)
        await jobs.drop_dead_tokens(JOB.created)
        assert (await jobs.get("idle")).reply_to.token == ""
    await jobs.drop_dead_tokens(JOB.created)
    assert (await jobs.get("busy")).reply_to.token == ""
    await engine.dispose()


async def _waits(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return bool(await connection.scalar(WAITING))

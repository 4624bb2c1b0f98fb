"""Two bots on one database: nothing is spent twice, and neither has to give up."""

from __future__ import annotations

import asyncio
from collections import Counter
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
from storage.domain.begun_order import BegunOrder
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.cost.bill import WorkerLife
from storage.domain.delivery_state import DeliveryState, Way
from storage.domain.errors import HolderChanged, QuotaExceeded
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
    assert (await bots[0].sums.allowance("ann", NOON)).left == 2
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
    assert (await bots[1].sums.allowance("ann", NOON)).spent == 4


async def test_two_bots_may_note_the_same_delivery_at_once(bots: tuple[Jobs, Jobs]) -> None:
    await bots[0].add(JOB)
    tried = DeliveryState(posting=Way.POST, posting_at=5.0)
    await asyncio.gather(*(bots[n % 2].deliveries.put(JOB, tried) for n in range(10)))
    assert await bots[0].deliveries.get(JOB.id) == tried


async def test_of_two_bots_that_adopt_at_once_each_job_has_one(bots: tuple[Jobs, Jobs]) -> None:
    orders = [job(f"j{n}", created=NOON + n, cost=0) for n in range(50)]
    await bots[0].add(*(replace(order, holder="gone") for order in orders))
    for bot, name in zip(bots, "ab", strict=True):
        await bot.bots.enter(name)
    front = JOB.reply_to.front
    adopted = await asyncio.gather(bots[0].bots.adopt("a", front), bots[1].bots.adopt("b", front))
    assert sum(adopted) == 50
    held = Counter(one.holder for one in await bots[0].pending.all())
    assert [held["a"], held["b"]] == list(adopted)


async def test_what_was_tried_is_written_by_the_holder_alone(bots: tuple[Jobs, Jobs]) -> None:
    before = replace(JOB, created=NOON, holder="gone")
    await bots[0].add(before)
    tried = DeliveryState(posting=Way.POST, posting_at=5.0)
    await bots[0].deliveries.put(before, tried)
    await bots[1].bots.adopt("b", JOB.reply_to.front)
    with pytest.raises(HolderChanged):
        await bots[0].deliveries.put(before, DeliveryState())
    with pytest.raises(HolderChanged):
        await bots[0].move(before, replace(JOB.reply_to, message="99"))
    after = await bots[0].get(JOB.id)
    assert (after.holder, after.reply_to) == ("b", JOB.reply_to)
    assert await bots[1].deliveries.get(JOB.id) == tried
    await bots[1].deliveries.put(after, DeliveryState())


async def test_a_bot_that_goes_on_is_not_removed(bots: tuple[Jobs, Jobs]) -> None:
    seen = await bots[0].bots.enter("a")
    await bots[0].bots.beat("a")
    await bots[1].bots.remove("a", seen["a"])
    assert await bots[1].bots.listed() == {"a"}
    await bots[1].bots.remove("a", seen["a"] + 1)
    assert await bots[0].bots.beat("a") == {}


async def test_an_outcome_that_waits_is_told_once_by_whichever_bot_meets_its_owner(
    bots: tuple[Jobs, Jobs],
) -> None:
    first, second = bots
    await first.add(JOB)
    assert await second.deliveries.take_untold(JOB.owner) == 0
    await first.finish(JOB.id, CLIP, NOON)
    await first.delivered(JOB.id, "", NOON, waits=True)
    assert await second.deliveries.take_untold(JOB.owner) == 1
    assert await first.deliveries.take_untold(JOB.owner) == 0


async def test_bots_may_drop_dead_tokens_and_ended_orders_at_once(bots: tuple[Jobs, Jobs]) -> None:
    for number in range(20):
        await bots[0].add(job(f"j{number}", created=NOON, cost=1))
        begun = BegunOrder(f"b{number}", "ann", "en", JOB.reply_to, "p", 1.0)
        await bots[0].begun_orders.begin(begun)
        await bots[0].begun_orders.end(begun.id, 1.0)
    await asyncio.gather(*(bots[n % 2].drop_dead_tokens(NOON) for n in range(8)))
    assert {one.reply_to.token for one in await bots[1].pending.all()} == {""}
    assert await bots[1].begun_orders.begin(BegunOrder("b1", "ann", "en", JOB.reply_to, "p", 2.0))


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

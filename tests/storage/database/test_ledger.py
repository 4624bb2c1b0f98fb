"""The ledger: only clips are charged, whatever goes wrong, and limits hold."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.jobs import Jobs
from storage.database.tables import ledger
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.clip import Failure
from storage.domain.errors import JobGone, QuotaExceeded
from storage.domain.job import ReplyTarget, Status
from storage.domain.quota import DAY, month_of, price
from storage.domain.trust.limits import Limits
from tests.support.examples import CLIP, JOB, REQUEST, job

NOON = 1000 * DAY + DAY / 2


async def balance(engine: AsyncEngine, owner: str) -> int:
    async with engine.connect() as connection:
        query = select(func.sum(ledger.c.credits)).where(ledger.c.owner == owner)
        return int(await connection.scalar(query) or 0)


@pytest.fixture
def strict(engine: AsyncEngine, catalogue: Catalogue) -> Jobs:
    """Return a job store with a quota of 20 credits a day and 3 unfinished jobs."""
    return Jobs(engine, replace(catalogue, quota=QuotaRow(20, 3)))


async def test_a_reservation_becomes_what_was_spent(jobs: Jobs) -> None:
    await jobs.add(job("a", created=NOON, cost=7))
    allowance = await jobs.sums.allowance("ann", NOON)
    assert (allowance.spent, allowance.reserved, allowance.unfinished) == (0, 7, 1)
    await jobs.finish("a", CLIP, NOON + 9)
    allowance = await jobs.sums.allowance("ann", NOON + 9)
    assert (allowance.spent, allowance.reserved, allowance.unfinished) == (7, 0, 0)


@pytest.mark.parametrize("cancelled", [True, False])
async def test_a_job_without_a_clip_costs_nothing(
    jobs: Jobs, engine: AsyncEngine, cancelled: bool
) -> None:
    await jobs.add(job("a", created=NOON))
    if cancelled:
        await jobs.cancel("a", "ann", NOON + 1)
    else:
        await jobs.finish("a", Failure("failed_memory"), NOON + 1)
    assert await balance(engine, "ann") == 0
    assert (await jobs.sums.allowance("ann", NOON + 1)).left == (
        await jobs.sums.allowance("bob", NOON)
    ).left


async def test_the_month_counts_what_was_spent_on_all_of_its_days(
    engine: AsyncEngine, catalogue: Catalogue
) -> None:
    days = month_of(NOON)
    jobs = Jobs(engine, replace(catalogue, quota=QuotaRow(20, 9, credits_per_month=30)))
    at = [days[0] * DAY, days[-1] * DAY, (days[0] - 1) * DAY]
    for number, created in enumerate(at):
        await jobs.add(job(f"j{number}", created=created, cost=15))
        await jobs.finish(f"j{number}", CLIP, created)
    month = (await jobs.sums.allowance("ann", NOON)).month
    assert month is not None
    assert (month.spent, month.limit, month.left) == (30, 30, 0)
    assert month.resets_at == (days[-1] + 1) * DAY
    with pytest.raises(QuotaExceeded) as caught:
        await jobs.add(job("late", created=NOON, cost=1))
    assert caught.value.key == "quota_spent_month"


async def test_a_servers_limits_count_what_was_ordered_there_alone(jobs: Jobs) -> None:
    here, there = ReplyTarget("discord", "7", "1"), ReplyTarget("discord", "8", "2")
    limits = Limits(credits_per_day=10, credits_per_month=15, unfinished_jobs=2)
    for number, (place, created) in enumerate([(here, NOON), (there, NOON), (here, NOON - DAY)]):
        one = job(f"j{number}", created=created, cost=7)
        await jobs.add(replace(one, reply_to=place))
    await jobs.finish("j2", CLIP, NOON)
    server = (await jobs.sums.allowance("ann", NOON, "7", limits)).server
    assert server is not None
    assert (server.day.spent, server.day.reserved, server.day.left) == (0, 7, 3)
    assert (server.month.spent, server.month.reserved, server.month.left) == (7, 7, 1)
    assert (server.unfinished, server.unfinished_limit) == (1, 2)
    late = replace(job("late", created=NOON, cost=2), reply_to=here)
    with pytest.raises(QuotaExceeded) as caught:
        await jobs.add(late, limits=limits)
    assert caught.value.key == "quota_here_spent_month"
    await jobs.add(replace(late, reply_to=there), limits=limits)


async def test_a_refund_counts_for_the_day_of_the_reservation(strict: Jobs) -> None:
    await strict.add(job("a", created=NOON, cost=20))
    await strict.finish("a", Failure("failed_memory"), NOON + DAY)
    tomorrow = await strict.sums.allowance("ann", NOON + DAY)
    assert (tomorrow.spent, tomorrow.reserved, tomorrow.left) == (0, 0, 20)


async def test_a_new_day_brings_new_credits(strict: Jobs) -> None:
    await strict.add(job("a", created=NOON, cost=20))
    await strict.finish("a", CLIP, NOON)
    with pytest.raises(QuotaExceeded) as caught:
        await strict.add(job("b", created=NOON, cost=1))
    assert caught.value.key == "quota_spent"
    assert caught.value.parameters["resets_in"] == DAY / 2
    await strict.add(job("b", created=NOON + DAY / 2, cost=20))


async def test_a_refused_job_is_not_stored(strict: Jobs, engine: AsyncEngine) -> None:
    with pytest.raises(QuotaExceeded):
        await strict.add(job("a", created=NOON, cost=21))
    with pytest.raises(JobGone):
        await strict.get("a")
    assert await balance(engine, "ann") == 0


async def test_too_many_unfinished_jobs_are_refused(strict: Jobs) -> None:
    for name in "abc":
        await strict.add(job(name, created=NOON, cost=1))
    with pytest.raises(QuotaExceeded) as caught:
        await strict.add(job("d", created=NOON, cost=1))
    assert caught.value.key == "quota_too_many"
    await strict.add(job("e", owner="bob", created=NOON, cost=1))


async def test_several_orders_are_taken_together_or_not_at_all(
    strict: Jobs, engine: AsyncEngine
) -> None:
    batch = [job(name, created=NOON + number, cost=9) for number, name in enumerate("abc")]
    with pytest.raises(QuotaExceeded) as caught:
        await strict.add(*batch)
    assert caught.value.parameters["fits"] == 2
    assert (await strict.pending.all(), await balance(engine, "ann")) == ([], 0)
    await strict.add(*batch[:2])
    assert [one.id for one in await strict.pending.next(9)] == ["a", "b"]
    assert await balance(engine, "ann") == 18


async def test_many_orders_at_once_never_overdraw(strict: Jobs, engine: AsyncEngine) -> None:
    orders = [strict.add(job(f"j{number}", created=NOON, cost=9)) for number in range(20)]
    answers = await asyncio.gather(*orders, return_exceptions=True)
    assert sum(answer is None for answer in answers) == 2
    assert all(isinstance(answer, QuotaExceeded) for answer in answers if answer is not None)
    assert await balance(engine, "ann") == 18


async def test_a_clip_from_the_cache_is_free_and_says_what_it_saved(
    jobs: Jobs, engine: AsyncEngine
) -> None:
    free = replace(JOB, status=Status.DONE, clip=CLIP, cached=True, cost=0, ended=JOB.created)
    await jobs.add(free)
    assert await balance(engine, "ann") == 0
    report = await jobs.sums.of_person("ann", JOB.created)
    assert (report.cached, report.saved, report.credits) == (1, price(REQUEST), 0)
    assert report.counts[Status.DONE] == 1


async def test_a_report_counts_and_sums(jobs: Jobs) -> None:
    for name, owner in (("a", "ann"), ("b", "ann"), ("c", "bob")):
        await jobs.add(job(name, owner, created=NOON, cost=6))
    await jobs.finish("a", replace(CLIP, seconds=4.0), NOON + 4)
    await jobs.finish("b", Failure("failed_memory"), NOON + 5)
    mine = await jobs.sums.of_person("ann", NOON + 6)
    assert mine.counts[Status.DONE] == mine.counts[Status.FAILED] == 1
    assert (mine.credits, mine.seconds, mine.owners) == (6, 4.0, 1)
    assert mine.allowance is not None
    assert mine.allowance.spent == 6
    everybody = await jobs.sums.of_everybody(NOON - 1)
    assert (everybody.owners, everybody.counts[Status.QUEUED]) == (2, 1)
    assert everybody.allowance is None
    assert (await jobs.sums.of_everybody(NOON + 1)).owners == 0


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_faults_the_ledger_is_what_finished_clips_cost(
    jobs: Jobs, engine: AsyncEngine, seed: int
) -> None:
    chance = random.Random(seed)
    ids = [f"j{number}" for number in range(5)]
    for number, name in enumerate(ids):
        await jobs.add(job(name, created=NOON, cost=number + 1))

    async def fault(name: str, attempt: int) -> None:
        steps = [
            lambda: jobs.dispatched(name, attempt, NOON),
            lambda: jobs.started(name, attempt, NOON),
            lambda: jobs.requeue(name, attempt, died=chance.random() < 0.5),
            lambda: jobs.finish(name, CLIP, NOON),
            lambda: jobs.finish(name, Failure("failed_memory"), NOON),
            lambda: jobs.cancel(name, None, NOON),
        ]
        try:
            await chance.choices(steps, weights=(5, 5, 5, 1, 1, 1))[0]()  # type: ignore[no-untyped-call]  # lambdas
        except JobGone:
            return

    await asyncio.gather(*(fault(chance.choice(ids), chance.randint(1, 4)) for _ in range(80)))
    for name in ids:
        await jobs.finish(name, CLIP, NOON)
    ended = [await jobs.get(name) for name in ids]
    assert all(one.status.final for one in ended)
    spent = sum(one.cost for one in ended if one.status is Status.DONE)
    assert await balance(engine, "ann") == spent

"""Sums and the queue's order stay what the jobs themselves add up to, whatever happens."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.jobs import Jobs
from storage.database.tables import days, owners
from storage.database.tables import jobs as jobs_table
from storage.database.usage.contribution import TOTALS, contribution
from storage.domain.camera.motion import Camera
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.clip import Failure
from storage.domain.errors import JobGone
from storage.domain.job import Status
from storage.domain.prompt.story import with_segments
from storage.domain.quota import DAY, day_of
from tests.storage.database.usage_recount import check_usage, rows_of
from tests.storage.domain.fair_queues import next_jobs
from tests.support.examples import CLIP, REQUEST, job

NOON = 1000 * DAY + DAY / 2
PEOPLE = ("ann", "bob", "cleo", "dan")
MODELS = ("embedded", "other")
GUILDS = ("", "1", "2")
STORY = "zoom in\npan left\ntilt up"
STILL = [Camera()] * 3
SEEDS = (0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3)))
BOUNDLESS = QuotaRow(10**9, 10**9)


@pytest.fixture
def unbounded(engine: AsyncEngine, catalogue: Catalogue) -> Jobs:
    return Jobs(engine, replace(catalogue, quota=BOUNDLESS))


async def order_many(jobs: Jobs, chance: random.Random, count: int) -> list[str]:
    """Order jobs of several people on two days, a few from the cache."""
    names = [f"j{number}" for number in range(count)]
    for number, name in enumerate(names):
        created = NOON + number + chance.choice((0.0, DAY))
        new = job(name, chance.choice(PEOPLE), created=created, cost=number % 7)
        new = replace(new, reply_to=replace(new.reply_to, guild=chance.choice(GUILDS)))
        if number % 3 == 0:
            new = replace(new, request=with_segments(replace(REQUEST, prompt=STORY), STILL))
        new = replace(new, request=replace(new.request, model=chance.choice(MODELS)))
        if chance.random() < 0.2:
            new = replace(new, status=Status.DONE, clip=CLIP, cached=True, cost=0, ended=created)
        await jobs.add(new)
    return names


async def change_many(jobs: Jobs, chance: random.Random, names: list[str], count: int) -> None:
    """Let jobs be dispatched, started, lost, ended, reopened, several at a time."""

    async def step(name: str, attempt: int, at: float) -> None:
        steps = [
            lambda: jobs.dispatched(name, attempt, at),
            lambda: jobs.started(name, attempt, at),
            lambda: jobs.requeue(name, attempt, died=chance.random() < 0.5),
            lambda: jobs.finish(name, replace(CLIP, seconds=float(attempt)), at),
            lambda: jobs.finish(name, Failure("failed_memory"), at),
            lambda: jobs.cancel(name, None, at),
            lambda: jobs.reopen(name),
            lambda: jobs.forget(name),
            lambda: shorten(jobs, name, chance.randint(1, 2), at),
            lambda: jobs.delivered(name, "", at, charged=chance.random() < 0.5),
            lambda: move(jobs, name, chance.choice(GUILDS)),
        ]
        try:
            await chance.choices(steps, weights=(9, 8, 3, 4, 2, 1, 2, 1, 2, 2, 1))[0]()  # type: ignore[no-untyped-call]  # lambdas
        except JobGone:
            return

    for batch in range(count // 5):
        tasks = (step(chance.choice(names), chance.randint(1, 3), NOON + batch) for _ in range(5))
        await asyncio.gather(*tasks)


async def shorten(jobs: Jobs, name: str, made: int, at: float) -> None:
    """Stop a story, where the job is one."""
    if (await jobs.get(name)).request.segments:
        await jobs.shorten(name, made, at)


async def move(jobs: Jobs, name: str, guild: str) -> None:
    """Answer a job in another server."""
    job = await jobs.get(name)
    await jobs.move(job, replace(job.reply_to, guild=guild))


def sums(rows: list[dict[str, Any]]) -> dict[str, Any]:
    parts = [contribution(row) for row in rows]
    return {name: pytest.approx(sum(part[name] for part in parts)) for name in TOTALS}


@pytest.mark.parametrize("seed", SEEDS)
async def test_after_any_changes_the_sums_are_those_of_the_jobs(
    unbounded: Jobs, engine: AsyncEngine, seed: int
) -> None:
    chance = random.Random(seed)
    names = await order_many(unbounded, chance, 30)
    await change_many(unbounded, chance, names, 200)
    rows = await rows_of(engine, jobs_table)
    for found in await rows_of(engine, owners):
        mine = [row for row in rows if row["owner"] == found["owner"]]
        assert {name: found[name] for name in TOTALS} == sums(mine)
        assert found["latest"] == max(row["created"] for row in mine)
    for found in await rows_of(engine, days):
        that_day = [row for row in rows if day_of(row["created"]) == found["day"]]
        assert {name: found[name] for name in TOTALS} == sums(that_day)
    await check_usage(engine, rows)


@pytest.mark.parametrize("seed", SEEDS)
async def test_after_any_changes_the_order_is_the_fair_one(
    unbounded: Jobs, engine: AsyncEngine, seed: int
) -> None:
    chance = random.Random(seed)
    names = await order_many(unbounded, chance, 60)
    await change_many(unbounded, chance, names, 120)
    await unbounded.add(*(job(f"late{n}", "eve", created=NOON + 99 + n) for n in range(6)))
    everything, rows = await unbounded.pending.all(), await rows_of(engine, jobs_table)
    assert await unbounded.pending.models() == [*MODELS]
    for model in MODELS:
        unfinished = [one for one in everything if one.request.model == model]
        dispatched = [one for one in unfinished if one.dispatched]
        waiting = [one for one in unfinished if not one.dispatched]
        served: dict[str, float] = {}
        for row in (row for row in rows if row["model"] == model):
            served[row["owner"]] = max(served.get(row["owner"], 0.0), row["dispatched"])
        fair = [one.id for one in next_jobs(waiting, dispatched, len(waiting), served)]
        assert len(fair) > 3
        for limit in (1, 2, 5, len(fair)):
            found = await unbounded.pending.next(limit, model=model)
            assert [one.id for one in found] == fair[:limit]
        queued = sum(one.status is Status.QUEUED for one in dispatched)
        positions = [await unbounded.pending.position(name) for name in fair]
        assert positions == [queued + place for place in range(len(fair))]
        size = (await unbounded.pending.sizes())[model]
        statuses = Counter(one.status for one in unfinished)
        assert (size.waiting, size.running) == (statuses[Status.QUEUED], statuses[Status.RUNNING])
        assert size.oldest == min(one.created for one in unfinished if one.status is Status.QUEUED)


async def test_an_empty_queue_has_no_size(jobs: Jobs) -> None:
    assert (await jobs.pending.sizes(), await jobs.pending.models()) == ({}, [])


async def test_a_report_on_everybody_begins_at_the_second(unbounded: Jobs) -> None:
    for number in range(4):
        created = NOON + number * DAY / 2  # at noon and at midnight of two days
        await unbounded.add(job(f"j{number}", PEOPLE[number], created=created))
    for since, people in ((0, 4), (NOON, 4), (NOON + 1, 3), (NOON + DAY / 2, 3), (NOON + DAY, 2)):
        report = await unbounded.sums.of_everybody(since)
        assert (report.owners, report.counts[Status.QUEUED]) == (people, people)

"""A story that is stopped is charged for what is made of it, once, whatever else happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.jobs import Jobs
from storage.database.tables import ledger
from storage.domain.camera.motion import Camera
from storage.domain.clip import Failure
from storage.domain.job import Job, Status
from storage.domain.prompt.story import with_segments
from storage.domain.quota import DAY, price
from tests.support.examples import CLIP, JOB, REQUEST

NOON = 1000 * DAY + DAY / 2
PROMPTS = "zoom in\npan left\ntilt up\nhold still"
REQUESTED = with_segments(replace(REQUEST, prompt=PROMPTS, steps=50), [Camera()] * 4)
WHOLE = price(REQUESTED)


@pytest.fixture
def cost(jobs: Jobs) -> dict[int, int]:
    """Return what so many segments cost with this catalogue."""
    work = jobs._catalogue.work(REQUESTED.model)
    return {made: price(replace(REQUESTED, stopped_after=made), work) for made in range(1, 5)}


async def placed(jobs: Jobs, cost: dict[int, int], attempt: int = 0) -> Job:
    """Return a placed story, dispatched so often."""
    await jobs.add(replace(JOB, id="a", request=REQUESTED, cost=cost[4], created=NOON))
    if attempt:
        await jobs.dispatched("a", attempt, NOON)
        await jobs.started("a", attempt, NOON)
    return await jobs.get("a")


async def entries(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(ledger.c.entry, ledger.c.credits))
        return {entry: credits for entry, credits in rows}


async def balance(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(select(func.sum(ledger.c.credits))) or 0)


async def test_a_stopped_story_reserves_what_is_made_and_is_charged_for_that(
    jobs: Jobs, engine: AsyncEngine, cost: dict[int, int]
) -> None:
    await placed(jobs, cost, attempt=1)
    stopped = await jobs.shorten("a", 2, NOON + 1)
    assert stopped is not None
    assert (stopped.cost, stopped.request.segment_count) == (cost[2], 2)
    assert (stopped.status, stopped.attempt) == (Status.RUNNING, 1)
    allowance = await jobs.sums.allowance("ann", NOON + 1)
    assert (allowance.spent, allowance.reserved) == (0, cost[2])
    await jobs.finish("a", replace(CLIP, frames=stopped.request.made_frames), NOON + 2)
    await jobs.delivered("a", "3", NOON + 3)
    assert await balance(engine) == cost[2]
    report = await jobs.sums.of_person("ann", NOON + 3)
    assert report.credits == cost[2]
    assert report.allowance is not None
    assert (report.allowance.spent, report.allowance.reserved) == (cost[2], 0)
    assert (await jobs.sums.of_everybody(NOON - DAY)).credits == cost[2]


@pytest.mark.parametrize("end", ["fails", "is cancelled", "is not charged"])
async def test_a_stopped_story_without_a_clip_costs_nothing(
    jobs: Jobs, engine: AsyncEngine, cost: dict[int, int], end: str
) -> None:
    await placed(jobs, cost, attempt=1)
    await jobs.shorten("a", 3, NOON + 1)
    await jobs.shorten("a", 1, NOON + 2)
    if end == "fails":
        await jobs.finish("a", Failure("failed_memory"), NOON + 3)
    elif end == "is cancelled":
        await jobs.cancel("a", "ann", NOON + 3)
    else:
        await jobs.finish("a", CLIP, NOON + 3)
        await jobs.delivered("a", "3", NOON + 4, charged=False)
    assert await balance(engine) == 0
    assert (await jobs.sums.of_person("ann", NOON + 5)).credits == 0
    found = await entries(engine)
    assert (found["reserve"], found["reduce"]) == (cost[4], cost[1] - cost[4])


async def test_of_several_who_stop_it_at_once_one_gives_back(
    jobs: Jobs, engine: AsyncEngine, cost: dict[int, int]
) -> None:
    await placed(jobs, cost)
    answers = await asyncio.gather(*(jobs.shorten("a", 2, NOON + 1) for _ in range(5)))
    assert any(answer is not None for answer in answers)
    assert await balance(engine) == cost[2] == (await jobs.get("a")).cost


async def test_a_failed_attempt_is_queued_again_with_what_is_made(
    jobs: Jobs, cost: dict[int, int]
) -> None:
    await placed(jobs, cost, attempt=2)
    assert await jobs.shorten("a", 2, NOON + 1, attempt=1) is None, "not the latest attempt"
    stopped = await jobs.shorten("a", 2, NOON + 1, attempt=2)
    assert stopped is not None
    assert (stopped.status, stopped.dispatched, stopped.started) == (Status.QUEUED, 0.0, 0.0)
    assert [job.id for job in await jobs.pending.next(5)] == ["a"]
    assert await jobs.shorten("a", 1, NOON + 2, attempt=2) is None, "it is over already"


async def test_a_story_that_has_ended_is_not_stopped(
    jobs: Jobs, engine: AsyncEngine, cost: dict[int, int]
) -> None:
    await placed(jobs, cost)
    await jobs.finish("a", CLIP, NOON + 1)
    assert await jobs.shorten("a", 2, NOON + 2) is None
    assert await balance(engine) == cost[4]


async def test_what_is_made_of_one_is_not_the_clip_of_a_whole_one(
    jobs: Jobs, cost: dict[int, int]
) -> None:
    await placed(jobs, cost)
    stopped = await jobs.shorten("a", 2, NOON)
    assert stopped is not None
    await jobs.finish("a", CLIP, NOON + 1)
    assert await jobs.search.clip(REQUESTED) is None
    assert await jobs.search.clip(stopped.request) == CLIP

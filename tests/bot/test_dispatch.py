"""Every job comes to one end, whatever happens to workers, Redis and the bot."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from redis.asyncio import Redis

from bot.studio.events import JobMoved
from bot.studio.options import Options
from storage.domain.catalogue import QuotaRow
from storage.domain.clip import Failure
from storage.domain.job import Job, Status
from storage.domain.progress import Progress, Stage
from storage.queue.messages import EVENTS, HANDED_BACK, WORKERS, Moved, write_event
from tests.redis_server import FragileRedis
from tests.support.backend import Workshop, customer, open_workshop, png, until

MANY = QuotaRow(credits_per_day=10**6, unfinished_jobs=1000)


async def order(workshop: Workshop, seed: int = 0, owner: str = "1") -> Job:
    submission = await workshop.studio.submit(customer(owner), png(), Options("a", seed=seed))
    return submission.job


async def status(workshop: Workshop, job: Job) -> Status:
    return (await workshop.jobs.get(job.id)).status


async def ends(workshop: Workshop, job: Job, wanted: Status, seconds: float = 60.0) -> None:
    async def has_ended() -> bool:
        return await status(workshop, job) is wanted

    await until(has_ended, seconds)


async def test_a_newcomer_starts_within_two_clips(
    tmp_path: Path, redis_url: str, film: bytes
) -> None:
    async with open_workshop(tmp_path, redis_url, film, MANY) as workshop:
        for seed in range(12):
            await order(workshop, seed, owner="greedy")
        workshop.hands.gate.clear()
        async with workshop.working():
            await until(lambda: len(workshop.hands.orders) == 1)
            newcomer = await order(workshop, 99, owner="new")
            workshop.hands.gate.set()
            await ends(workshop, newcomer, Status.DONE)
            turn = [order.job for order in workshop.hands.orders].index(newcomer.id)
    assert turn <= 2


async def test_little_lies_on_the_queue_ahead_of_the_workers(workshop: Workshop) -> None:
    workshop.hands.gate.clear()
    for seed in range(4):
        await order(workshop, seed)
    async with workshop.working():
        await until(lambda: len(workshop.hands.orders) == 1)
        await asyncio.sleep(0.3)
        on_their_way = [job for job in await workshop.jobs.unfinished() if job.dispatched]
    assert len(on_their_way) == 2


async def test_where_jobs_share_a_turn_there_lie_as_many_more(
    workshop: Workshop, redis_url: str
) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.set(f"{WORKERS}pairs", 2, ex=60)
        for seed in range(5):
            await order(workshop, seed)
        async with workshop.dispatching():
            await until(lambda: _lie_on_queue(workshop, 4))
        assert await workshop.queue.depth() == 4
        await redis.delete(f"{WORKERS}pairs")


async def test_a_newcomer_passes_jobs_that_cannot_share_the_turns_which_others_might(
    tmp_path: Path, redis_url: str, film: bytes
) -> None:
    async with (
        open_workshop(tmp_path, redis_url, film, MANY) as workshop,
        Redis.from_url(redis_url) as redis,
    ):
        await redis.set(f"{WORKERS}fours", 4, ex=60)
        for steps in range(10, 18):
            options = Options("a", seed=0, steps=steps)
            await workshop.studio.submit(customer("greedy"), png(), options)
        async with workshop.dispatching():
            await until(lambda: _lie_on_queue(workshop, 2))
            await asyncio.sleep(0.3)
            assert await workshop.queue.depth() == 2
        await redis.delete(f"{WORKERS}fours")


async def _lie_on_queue(workshop: Workshop, jobs: int) -> bool:
    return await workshop.queue.depth() >= jobs


async def test_an_emptied_redis_loses_nothing(tmp_path: Path, film: bytes) -> None:
    server = FragileRedis(tmp_path / "redis")
    async with open_workshop(tmp_path, server.url, film) as workshop:
        async with workshop.dispatching():
            job = await order(workshop)
            await until(lambda: _on_queue(workshop))
        server.empty()
        async with workshop.working():
            await ends(workshop, job, Status.DONE)
    server.stop()
    assert [order.attempt for order in workshop.hands.orders] == [2]


async def _on_queue(workshop: Workshop) -> bool:
    return await workshop.queue.depth() == 1


async def test_an_absent_redis_is_waited_for(tmp_path: Path, film: bytes) -> None:
    server = FragileRedis(tmp_path / "redis")
    async with open_workshop(tmp_path, server.url, film) as workshop:
        workshop.hands.gate.clear()
        async with workshop.working():
            running = await order(workshop, 1)
            await until(lambda: len(workshop.hands.orders) == 1)
            server.stop(kill=True)
            waiting = await order(workshop, 2)
            workshop.hands.gate.set()
            await asyncio.sleep(0.5)
            server.start()
            await ends(workshop, running, Status.DONE)
            await ends(workshop, waiting, Status.DONE)
    server.stop()
    assert [order.request.seed for order in workshop.hands.orders] == [1, 2]


async def test_a_job_that_breaks_its_worker_three_times_is_given_up(workshop: Workshop) -> None:
    workshop.hands.failure = Failure("failed_worker_died", retryable=True)
    async with workshop.working():
        job = await order(workshop)
        await ends(workshop, job, Status.FAILED)
    ended = await workshop.jobs.get(job.id)
    assert ended.failure == Failure("failed_worker_died")
    assert len(workshop.hands.orders) == 3
    allowance = (await workshop.studio.report("1")).allowance
    assert allowance is not None
    assert (allowance.spent, allowance.reserved) == (0, 0)


async def test_a_job_that_was_handed_back_is_made_by_the_next_worker(workshop: Workshop) -> None:
    workshop.hands.failure = HANDED_BACK
    async with workshop.working():
        job = await order(workshop)
        await until(lambda: len(workshop.hands.orders) > 4)
        workshop.hands.failure = None
        await ends(workshop, job, Status.DONE)
    assert (await workshop.jobs.get(job.id)).deaths == 0


async def test_a_final_failure_is_not_tried_again(workshop: Workshop) -> None:
    workshop.hands.failure = Failure("failed_encoding")
    async with workshop.working():
        job = await order(workshop)
        await ends(workshop, job, Status.FAILED)
    assert len(workshop.hands.orders) == 1


async def test_a_result_that_nobody_heard_of_is_found(workshop: Workshop) -> None:
    async with workshop.dispatching():
        job = await order(workshop)
        await until(lambda: _on_queue(workshop))
    async with workshop.at_work():
        await until(lambda: _outcome_there(workshop, job))
    assert await status(workshop, job) is Status.QUEUED
    async with workshop.dispatching():
        await ends(workshop, job, Status.DONE)
    assert len(workshop.hands.orders) == 1


async def _outcome_there(workshop: Workshop, job: Job) -> bool:
    return await workshop.queue.outcome(job.id, 1) is not None


async def test_a_result_after_a_cancel_is_thrown_away(workshop: Workshop) -> None:
    async with workshop.dispatching():
        job = await order(workshop)
        await until(lambda: _on_queue(workshop))
    cancelled = await workshop.jobs.cancel(job.id, "1", 1.0)
    async with workshop.working():
        await until(lambda: _outcome_there(workshop, job))
    assert replace(await workshop.jobs.get(job.id), delivered=0.0) == cancelled


async def test_progress_of_an_older_attempt_is_not_told(workshop: Workshop, redis_url: str) -> None:
    workshop.hands.gate.clear()
    redis = Redis.from_url(redis_url)
    with workshop.studio.subscribe() as news:
        async with workshop.working():
            job = await order(workshop)
            await until(lambda: len(workshop.hands.orders) == 1)
            older, latest = (Progress(Stage.DENOISING, attempt, 99) for attempt in (0, 1))
            await until(lambda: _is_heard(redis, Moved(job.id, 0, older)))
            await _is_heard(redis, Moved(job.id, 1, latest))
            moves = (item.progress async for item in news if isinstance(item, JobMoved))
            told = await anext(progress async for progress in moves if progress.steps == 99)
    await redis.aclose()
    assert told == latest


async def _is_heard(redis: Redis, event: Moved) -> bool:
    return bool(await redis.publish(EVENTS, write_event(event)))


async def test_a_job_whose_frames_are_there_makes_room_for_another(workshop: Workshop) -> None:
    workshop.hands.gate.clear()
    for seed in range(4):
        await order(workshop, seed)

    async def dispatched() -> bool:
        jobs = await workshop.jobs.unfinished()
        return len([job for job in jobs if job.dispatched]) == 3

    async with workshop.working():
        await until(lambda: len(workshop.hands.orders) == 1)
        await workshop.hands.reports[0].progress(Progress(Stage.ENCODING, 0, 1))
        await until(dispatched)
        workshop.hands.gate.set()
        await until(workshop.all_over)

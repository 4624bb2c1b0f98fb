"""Two bots on one database and one queue dispatch as one would."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from redis import Redis

from bot.dispatch.dispatcher import DIED, LOST, MAX_ERRORS, MAX_LOSSES
from bot.studio.options import Options
from storage.domain.clip import Failure
from storage.domain.errors import JobGone
from storage.domain.job import MAX_DEATHS, Job, Status
from storage.domain.progress import Progress, Stage
from storage.queue.client import Queue
from storage.queue.messages.events import Ended, Progressed, Started
from storage.queue.messages.orders import Order
from tests.support.backend import Backend, png, requester, until
from tests.support.queue_worker import queued_orders

TwoBots = tuple[Backend, Backend]


async def order(backend: Backend, seed: int, owner: str = "1") -> Job:
    return await backend.studio.orders.submit(requester(owner), png(), Options("a", seed=seed))


async def in_flight(backend: Backend) -> list[tuple[str, int]]:
    return [(job.id, job.attempt) for job in await backend.jobs.pending.in_flight()]


async def test_two_bots_together_dispatch_no_more_than_the_window(
    two_bots: TwoBots, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_bots
    dispatchers = [one.dispatcher() for one in two_bots]
    for seed in range(4):
        await order(first, seed)
    count = second.queue.workers_by_model

    async def workers() -> Counter[str]:
        """Let the other bot dispatch after this one has looked how many are in flight."""
        assert await dispatchers[0].dispatch_once() == 1
        return await count()

    monkeypatch.setattr(second.queue, "workers_by_model", workers)
    await dispatchers[1].dispatch_once()
    assert len(await in_flight(first)) == 1
    assert await queued_orders(first.queue) == 1


async def test_two_bots_that_dispatch_all_the_time_make_each_clip_once(two_bots: TwoBots) -> None:
    first, second = two_bots
    placed = [await order(two_bots[seed % 2], seed, f"{seed % 3}") for seed in range(12)]
    async with first.running(), second.running_dispatcher():
        await until(first.all_jobs_ended)
    made = [(one.job, one.attempt) for one in first.worker.orders]
    assert sorted(made) == sorted((job.id, 1) for job in placed)
    ended = [await second.jobs.get(job.id) for job in placed]
    assert {(job.status, job.deaths) for job in ended} == {(Status.DONE, 0)}


async def test_a_repeated_attempt_counts_in_the_window_of_each_bot(two_bots: TwoBots) -> None:
    """Although its earlier attempt was nearly done when it was lost."""
    first, second = two_bots
    dispatchers = [one.dispatcher() for one in two_bots]
    job = await order(first, 1)
    await dispatchers[0].dispatch_once()
    for dispatcher in dispatchers:
        await dispatcher.handle(Progressed(job.id, 1, Progress(Stage.ENCODING, 0, 1)))
    await first.jobs.requeue(job.id, 1, died=True)
    await dispatchers[0].dispatch_once()
    assert await in_flight(second) == [(job.id, 2)]
    await order(first, 2)
    for dispatcher in dispatchers:
        assert await dispatcher.dispatch_once() == 0


async def test_a_failed_attempt_that_both_bots_hear_of_counts_once(two_bots: TwoBots) -> None:
    first, second = two_bots
    dispatchers = [one.dispatcher() for one in two_bots]
    first.worker.failure = DIED
    job = await order(first, 1)
    for attempt in range(1, MAX_DEATHS):
        assert await dispatchers[0].dispatch_once() == 1
        async with first.running_worker():
            await until(partial(has_outcome, first, job, attempt))
        for dispatcher in dispatchers:
            with contextlib.suppress(JobGone):
                await dispatcher.handle(Ended(job.id, attempt))
        waiting = await second.jobs.get(job.id)
        assert (waiting.status, waiting.deaths) == (Status.QUEUED, attempt)


async def has_outcome(backend: Backend, job: Job, attempt: int) -> bool:
    return await backend.queue.outcome(job.id, attempt) is not None


async def test_a_start_that_one_bot_hears_of_after_the_end_starts_nothing(
    two_bots: TwoBots,
) -> None:
    first, second = two_bots
    dispatchers = [one.dispatcher() for one in two_bots]
    first.worker.failure = DIED
    job = await order(first, 1)
    await dispatchers[0].dispatch_once()
    async with first.running_worker():
        await until(partial(has_outcome, first, job, 1))
    await dispatchers[0].handle(Ended(job.id, 1))
    await dispatchers[1].handle(Started(job.id, 1, "worker", 1.0))
    await dispatchers[1].handle(Ended(job.id, 1))
    waiting = await second.jobs.get(job.id)
    assert (waiting.status, waiting.dispatched, waiting.deaths) == (Status.QUEUED, 0.0, 1)


async def test_losses_that_two_bots_find_add_up(two_bots: TwoBots, redis_url: str) -> None:
    dispatchers = [one.dispatcher() for one in two_bots]
    job = await order(two_bots[0], 1)
    for number in range(MAX_LOSSES):
        assert (await two_bots[0].jobs.get(job.id)).status is Status.QUEUED
        dispatcher = dispatchers[number % 2]
        await dispatcher.dispatch_once()
        with Redis.from_url(redis_url) as redis:
            redis.flushall()
        for _ in range(2):  # once is not enough
            await dispatcher.reconcile_once()
    ended = await two_bots[1].jobs.get(job.id)
    assert ended.failure == replace(LOST, retryable=False)


async def test_a_job_that_neither_bot_can_put_fails_once(
    two_bots: TwoBots, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = two_bots
    victim, put = await order(first, 1, "victim"), Queue.put

    async def fail_for_one(queue: Queue, wanted: Order) -> bool:
        if wanted.job == victim.id:
            raise RecursionError("nobody thought of this")
        return await put(queue, wanted)

    monkeypatch.setattr(Queue, "put", fail_for_one)
    async with first.running(), second.running_dispatcher():
        bystander = await order(second, 2, "bystander")
        await until(first.all_jobs_ended)
    ended = await second.jobs.get(victim.id)
    assert ended.failure == Failure("internal_error")
    assert ended.attempt < 2 * MAX_ERRORS
    assert (await first.jobs.sums.allowance("victim", victim.created)).spent == 0
    assert (await second.jobs.get(bystander.id)).status is Status.DONE
    assert caplog.text.count("set aside after") == 1

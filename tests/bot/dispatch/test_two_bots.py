"""Two bots on one database and one queue dispatch as one would."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.dispatch.dispatcher import MAX_ERRORS
from bot.studio.options import Options
from storage.domain.clip import Failure
from storage.domain.job import Job, Status
from storage.domain.progress import Progress, Stage
from storage.queue.client import Queue
from storage.queue.messages import Order, Progressed
from tests.support.backend import Backend, png, requester, until
from tests.support.queue_worker import queued_orders

TwoBots = tuple[Backend, Backend]


async def order(backend: Backend, seed: int, owner: str = "1") -> Job:
    return await backend.studio.submit(requester(owner), png(), Options("a", seed=seed))


async def in_flight(backend: Backend) -> list[tuple[str, int]]:
    return [(job.id, job.attempt) for job in await backend.jobs.in_flight()]


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
    assert (await first.jobs.allowance("victim", victim.created)).spent == 0
    assert (await second.jobs.get(bystander.id)).status is Status.DONE
    assert caplog.text.count("set aside after") == 1

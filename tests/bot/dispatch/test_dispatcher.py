"""Every job has one outcome, whatever happens to workers, Redis and the bot."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.dispatch.dispatcher import Dispatcher
from bot.studio.events import JobProgressed
from bot.studio.options import Options
from storage.domain.catalogue import QuotaRow
from storage.domain.clip import Clip, Failure
from storage.domain.job import Job, Status
from storage.domain.progress import Progress, Stage
from storage.queue.keys import EVENTS
from storage.queue.messages.events import Progressed, write_event
from storage.queue.messages.outcomes import HANDED_BACK
from tests.support.backend import Backend, clip_file, open_backend, png, requester, until
from tests.support.clip_files import box, small_gif, smallest_mp4
from tests.support.queue_worker import queued_orders, wait_for_log
from tests.support.redis_server import RestartableRedis

MANY = QuotaRow(credits_per_day=10**6, unfinished_jobs=1000)


async def order(backend: Backend, seed: int = 0, owner: str = "1") -> Job:
    return await backend.studio.orders.submit(requester(owner), png(), Options("a", seed=seed))


async def status(backend: Backend, job: Job) -> Status:
    return (await backend.jobs.get(job.id)).status


async def ends(backend: Backend, job: Job, wanted: Status, seconds: float = 60.0) -> None:
    async def has_ended() -> bool:
        return await status(backend, job) is wanted

    await until(has_ended, seconds)


async def test_a_newcomer_starts_within_two_clips(
    tmp_path: Path, redis_url: str, mp4: bytes
) -> None:
    async with open_backend(tmp_path, redis_url, mp4, MANY) as backend:
        for seed in range(12):
            await order(backend, seed, owner="greedy")
        backend.worker.gate.clear()
        async with backend.running():
            await until(lambda: len(backend.worker.orders) == 1)
            newcomer = await order(backend, 99, owner="new")
            backend.worker.gate.set()
            await ends(backend, newcomer, Status.DONE)
            turn = [order.job for order in backend.worker.orders].index(newcomer.id)
    assert turn <= 2


async def dispatched(backend: Backend) -> int:
    return len([job for job in await backend.jobs.pending.all() if job.dispatched])


async def test_one_job_is_queued_ahead_of_the_workers(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_dispatched, dispatch_once = asyncio.Event(), Dispatcher.dispatch_once

    async def noticed(dispatcher: Dispatcher) -> int:
        count = await dispatch_once(dispatcher)
        if count == 0:
            nothing_dispatched.set()
        return count

    async def two_are_dispatched() -> bool:
        return await dispatched(backend) == 2

    monkeypatch.setattr(Dispatcher, "dispatch_once", noticed)
    backend.worker.gate.clear()
    for seed in range(4):
        await order(backend, seed)
    async with backend.running():
        await until(two_are_dispatched)
        await until(lambda: len(backend.worker.orders) == 1)
        nothing_dispatched.clear()
        await nothing_dispatched.wait()
        assert await dispatched(backend) == 2


async def test_an_emptied_redis_loses_nothing(tmp_path: Path, mp4: bytes) -> None:
    server = RestartableRedis(tmp_path / "redis")
    async with open_backend(tmp_path, server.url, mp4) as backend:
        async with backend.running_dispatcher():
            job = await order(backend)
            await until(lambda: _on_queue(backend))
        server.empty()
        async with backend.running():
            await ends(backend, job, Status.DONE)
    server.stop()
    assert [order.attempt for order in backend.worker.orders] == [2]


async def _on_queue(backend: Backend) -> bool:
    return await queued_orders(backend.queue) == 1


async def test_an_absent_redis_is_waited_for(
    tmp_path: Path, mp4: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    server = RestartableRedis(tmp_path / "redis")
    async with open_backend(tmp_path, server.url, mp4) as backend:
        backend.worker.gate.clear()
        async with backend.running():
            running = await order(backend, 1)
            await until(lambda: len(backend.worker.orders) == 1)
            server.stop(kill=True)
            waiting = await order(backend, 2)
            backend.worker.gate.set()
            await wait_for_log(caplog, "waiting: unavailable_queue")
            await wait_for_log(caplog, "the queue is away")
            server.start()
            await ends(backend, running, Status.DONE)
            await ends(backend, waiting, Status.DONE)
    server.stop()
    assert [order.request.seed for order in backend.worker.orders] == [1, 2]


@pytest.mark.parametrize(
    "failure",
    [
        Failure("failed_worker_died"),
        Failure("failed_order_version", (("order", "2"), ("worker", "1"))),
    ],
)
async def test_a_job_is_given_up_and_refunded_after_three_attempts(
    failure: Failure, backend: Backend
) -> None:
    backend.worker.failure = replace(failure, retryable=True)
    async with backend.running():
        job = await order(backend)
        await ends(backend, job, Status.FAILED)
    ended = await backend.jobs.get(job.id)
    assert ended.failure == failure
    assert len(backend.worker.orders) == 3
    allowance = (await backend.studio.reports.of_person("1")).allowance
    assert allowance is not None
    assert (allowance.spent, allowance.reserved) == (0, 0)


async def test_a_job_handed_back_is_made_by_the_next_worker(backend: Backend) -> None:
    backend.worker.failure = HANDED_BACK
    async with backend.running():
        job = await order(backend)
        await until(lambda: len(backend.worker.orders) > 4)
        backend.worker.failure = None
        await ends(backend, job, Status.DONE)
    assert (await backend.jobs.get(job.id)).deaths == 0


async def test_a_final_failure_is_not_retried(backend: Backend) -> None:
    backend.worker.failure = Failure("failed_encoding")
    async with backend.running():
        job = await order(backend)
        await ends(backend, job, Status.FAILED)
    assert len(backend.worker.orders) == 1


async def test_an_outcome_whose_event_was_missed_is_found(backend: Backend) -> None:
    async with backend.running_dispatcher():
        job = await order(backend)
        await until(lambda: _on_queue(backend))
    async with backend.running_worker():
        await until(lambda: _outcome_there(backend, job))
    assert await status(backend, job) is Status.QUEUED
    async with backend.running_dispatcher():
        await ends(backend, job, Status.DONE)
    assert len(backend.worker.orders) == 1


async def _outcome_there(backend: Backend, job: Job) -> bool:
    return await backend.queue.outcome(job.id, 1) is not None


async def test_an_outcome_after_a_cancel_is_ignored(backend: Backend) -> None:
    async with backend.running_dispatcher():
        job = await order(backend)
        await until(lambda: _on_queue(backend))
    cancelled = await backend.jobs.cancel(job.id, "1", 1.0)
    async with backend.running():
        await until(lambda: _outcome_there(backend, job))
    assert replace(await backend.jobs.get(job.id), delivered=0.0) == cancelled


async def test_progress_of_an_older_attempt_is_ignored(backend: Backend, redis_url: str) -> None:
    backend.worker.gate.clear()
    redis = Redis.from_url(redis_url)
    with backend.studio.subscribe() as news:
        async with backend.running():
            job = await order(backend)
            await until(lambda: len(backend.worker.orders) == 1)
            older, latest = (Progress(Stage.DENOISING, attempt, 99) for attempt in (0, 1))
            await until(lambda: _is_heard(redis, Progressed(job.id, 0, older)))
            await _is_heard(redis, Progressed(job.id, 1, latest))
            moves = (item.progress async for item in news if isinstance(item, JobProgressed))
            told = await anext(progress async for progress in moves if progress.steps == 99)
    await redis.aclose()
    assert told == latest


async def _is_heard(redis: Redis, event: Progressed) -> bool:
    return bool(await redis.publish(EVENTS, write_event(event)))


async def test_a_decoded_job_makes_room_for_another(backend: Backend) -> None:
    backend.worker.gate.clear()
    for seed in range(4):
        await order(backend, seed)

    async def dispatched() -> bool:
        jobs = await backend.jobs.pending.all()
        return len([job for job in jobs if job.dispatched]) == 3

    async with backend.running():
        await until(lambda: len(backend.worker.orders) == 1)
        await backend.worker.reports[0].progress(Progress(Stage.ENCODING, 0, 1))
        await until(dispatched)
        backend.worker.gate.set()
        await until(backend.all_jobs_ended)


async def claim(backend: Backend, kind: str, clip: Clip) -> Clip:
    """Return a clip of which something is not true."""
    if kind == "no file":
        return replace(clip, blob="d" * 64)
    if kind == "other size":
        return replace(clip, bytes=clip.bytes + 1)
    data = {"no clip": b"<html>", "other kind": small_gif(), "half": smallest_mp4()[:-1]}[kind]
    return replace(clip, blob=await backend.blobs.put(data), bytes=len(data))


@pytest.mark.parametrize("kind", ["no file", "other size", "no clip", "other kind", "half"])
async def test_a_clip_that_is_not_what_the_worker_says_is_made_again(
    backend: Backend, kind: str
) -> None:
    backend.worker.claims = [partial(claim, backend, kind)] * 2
    async with backend.running():
        job = await order(backend)
        await ends(backend, job, Status.DONE)
    ended = await backend.jobs.get(job.id)
    assert ended.clip is not None
    assert await backend.studio.shown.clip_file(ended.clip) is not None
    assert (len(backend.worker.orders), ended.deaths) == (3, 2)


@pytest.mark.parametrize(
    ("kind", "key"), [("no file", "failed_storage"), ("half", "failed_clip_damaged")]
)
async def test_a_job_whose_clips_are_all_damaged_fails_and_is_refunded(
    backend: Backend, kind: str, key: str
) -> None:
    backend.worker.claims = [partial(claim, backend, kind)] * 3
    async with backend.running():
        job = await order(backend)
        await ends(backend, job, Status.FAILED)
    failure = (await backend.jobs.get(job.id)).failure
    assert failure is not None
    assert failure.key == key
    assert (await backend.studio.reports.of_person("1")).credits == 0


async def test_a_clip_larger_than_its_place_allows_is_not_taken(backend: Backend) -> None:
    async def larger(clip: Clip) -> Clip:
        data = clip_file(backend.worker.mp4, 1) + box(b"free", bytes(2000))
        return replace(clip, blob=await backend.blobs.put(data), bytes=len(data))

    backend.worker.claims = [larger]
    limit = len(backend.worker.mp4) + 1000
    async with backend.running():
        job = await backend.studio.orders.submit(
            requester(size_limit=limit), png(), Options("a", seed=1)
        )
        await ends(backend, job, Status.DONE)
    assert len(backend.worker.orders) == 2

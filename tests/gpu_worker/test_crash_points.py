"""Killed anywhere between taking an order and delivering it, a worker loses no clip.

`CRASH_POINTS=all` in the environment tries every point, and also waits for the lease to expire.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from bot.studio.options import Options
from storage.database.connect import open_database
from storage.domain.job import Job, Status
from storage.queue.keys import lease_key
from tests.support.backend import Backend, open_backend, png, requester, until
from tests.support.worker_processes import WorkerProcesses, alive, worker_processes

ALL = os.environ.get("CRASH_POINTS") == "all"
STORY = "pan left\nzoom in\ntilt up"
LAST = {"clip": 16, "story": 40, "extend": 20}
SAMPLE = {"clip": (1, 6, 10, 13), "story": (8, 16, 23, 37), "extend": (10, 14)}
QUICK = {("clip", 6), ("clip", 13), ("story", 16)}
"""What every run tries; the rest of the sample is slow."""

POINTS = [
    pytest.param(kind, number, marks=() if (kind, number) in QUICK else pytest.mark.slow)
    for kind, sample in SAMPLE.items()
    for number in (range(1, LAST[kind] + 1) if ALL else sample)
]


@pytest.fixture
async def workers(tmp_path: Path, redis_url: str) -> AsyncIterator[WorkerProcesses]:
    async with worker_processes(tmp_path, redis_url) as opened:
        yield opened


@pytest.fixture
async def backend(tmp_path: Path, redis_url: str) -> AsyncIterator[Backend]:
    async with open_backend(tmp_path, redis_url, b"") as opened, opened.running_dispatcher():
        yield opened


async def expire(url: str, *keys: str) -> None:
    """Remove these keys, as their time would."""
    redis = Redis.from_url(url)
    await redis.delete(*keys)
    await redis.aclose()


async def ended(backend: Backend, job: Job) -> Job:
    """Wait for a job's clip."""
    await until(backend.all_jobs_ended)
    found = await backend.jobs.get(job.id)
    assert found.status is Status.DONE, found.failure
    return found


async def clip_to_extend(backend: Backend, workers: WorkerProcesses) -> Job:
    """Return a finished job, whose worker has ended."""
    worker = await workers.worker()
    job = await backend.studio.orders.submit(requester(), png(), Options("pan left", seed=3))
    job = await ended(backend, job)
    await worker.end()
    return job


async def order(backend: Backend, kind: str, before: Job | None) -> Job:
    """Place an order of a kind."""
    if before is not None:
        return await backend.studio.follow_ups.extend(
            before.id, requester(), Options("tilt up", seed=4)
        )
    options = {"clip": Options("pan left", seed=3), "story": Options(STORY, story=1, seed=3)}
    return await backend.studio.orders.submit(requester(), png(), options[kind])


async def run_until_killed(
    backend: Backend, workers: WorkerProcesses, kind: str, number: int, before: Job | None
) -> tuple[Job, bool]:
    """Order from a worker that is killed at a point; tell whether it was, once it has ended."""
    killed = await workers.worker(crash_point=number)
    await killed.wait_for_log("takes orders")
    job = await order(backend, kind, before)
    over = asyncio.create_task(killed.process.wait())
    finished = asyncio.create_task(until(backend.all_jobs_ended, 60))
    await asyncio.wait({over, finished}, return_when=asyncio.FIRST_COMPLETED)
    finished.cancel()
    await asyncio.gather(finished, return_exceptions=True)
    died = over.done()
    if died:
        assert killed.process.returncode == -signal.SIGKILL
    else:
        await killed.end()
    await until(lambda: not any(alive(pid) for pid in killed.children))
    return job, died


async def paid(backend: Backend) -> tuple[int, int]:
    """Return the sum of the ledger, and what the finished jobs cost."""
    engine = await open_database(backend.settings.database_url)
    async with engine.connect() as connection:
        credits = await connection.scalar(text("SELECT coalesce(sum(credits), 0) FROM ledger"))
        cost = await connection.scalar(text("SELECT coalesce(sum(cost), 0) FROM jobs"))
    await engine.dispose()
    return int(credits or 0), int(cost or 0)


@pytest.mark.parametrize("wait_for_expiry", [False, True] if ALL else [False])
@pytest.mark.parametrize(("kind", "number"), POINTS)
async def test_a_killed_worker_loses_no_clip(
    backend: Backend,
    workers: WorkerProcesses,
    kind: str,
    number: int,
    wait_for_expiry: bool,
) -> None:
    before = await clip_to_extend(backend, workers) if kind == "extend" else None
    job, died = await run_until_killed(backend, workers, kind, number, before)
    assert died or ALL, "there are fewer points than this"
    made = len(await backend.queue.segments(job.id))
    later = await workers.worker()
    if not wait_for_expiry:
        name = f"{job.id}.1"
        await expire(backend.settings.redis_url, lease_key(name), f"arq:in-progress:{name}")
    found = await ended(backend, job)
    assert found.clip is not None
    assert await backend.blobs.has(found.clip.blob)
    frames = found.request.made_frames
    if before is not None and before.clip is not None:
        frames += before.clip.frames - 1
    assert found.clip.frames == frames
    assert len(set(await paid(backend))) == 1
    if made > 0 and found.deaths:  # else its outcome had been sent before it died
        assert f"{made} segments are finished already" in later.log.read_text()
    await until(lambda: no_segments(backend))


async def no_segments(backend: Backend) -> bool:
    """Tell whether nothing of a story's segments is left."""
    return not await backend.queue.jobs_with_segments()

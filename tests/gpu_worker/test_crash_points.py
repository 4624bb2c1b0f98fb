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
from storage.domain.job import Status
from storage.queue.messages import lease_key
from tests.support.backend import Backend, open_backend, png, requester, until
from tests.support.worker_processes import WorkerProcesses, alive, worker_processes

pytestmark = pytest.mark.timeout(120)
ALL = os.environ.get("CRASH_POINTS") == "all"
LAST = 16
SAMPLE = (1, 6, 10, 13)
QUICK = {6, 13}
"""What every run tries; the rest of the sample is slow."""

POINTS = [
    pytest.param(number, marks=() if number in QUICK else pytest.mark.slow)
    for number in (range(1, LAST + 1) if ALL else SAMPLE)
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


@pytest.mark.parametrize("wait_for_expiry", [False, True] if ALL else [False])
@pytest.mark.parametrize("number", POINTS)
async def test_a_killed_worker_loses_no_clip(
    backend: Backend,
    workers: WorkerProcesses,
    redis_url: str,
    number: int,
    wait_for_expiry: bool,
) -> None:
    killed = await workers.worker(crash_point=number)
    await killed.wait_for_log("takes orders")
    job = await backend.studio.submit(requester(), png(), Options("pan left", seed=3))
    ended = asyncio.create_task(killed.process.wait())
    finished = asyncio.create_task(until(backend.all_jobs_ended, 30))
    await asyncio.wait({ended, finished}, return_when=asyncio.FIRST_COMPLETED)
    finished.cancel()
    await asyncio.gather(finished, return_exceptions=True)
    assert ended.done() or ALL, "there are fewer points than this"
    if ended.done():
        assert killed.process.returncode == -signal.SIGKILL
    else:
        await killed.end()
    await until(lambda: not any(alive(pid) for pid in killed.children))

    await workers.worker()
    if not wait_for_expiry:
        name = f"{job.id}.1"
        await expire(redis_url, lease_key(name), f"arq:in-progress:{name}")
    await until(backend.all_jobs_ended)
    found = await backend.jobs.get(job.id)
    assert found.status is Status.DONE
    assert found.clip is not None
    assert await backend.blobs.has(found.clip.blob)
    engine = await open_database(backend.settings.database_url)
    async with engine.connect() as connection:
        paid = await connection.scalar(text("SELECT coalesce(sum(credits), 0) FROM ledger"))
    await engine.dispose()
    assert paid == found.cost

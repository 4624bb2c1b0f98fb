"""Many jobs, three workers and random faults: nothing is lost and only clips are charged."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.dispatch.dispatcher import Dispatcher
from bot.studio.events import EventBus
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.database.tables import ledger
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.errors import JobGone
from storage.domain.job import Status
from storage.queue.client import Queue
from tests.support.clip_files import smallest_mp4
from tests.support.examples import CLIP, job
from tests.support.redis_server import RestartableRedis

FAULTS = ["kill", "stop", "empty", "outage", "crash", "bot", "cancel"]
UNLIMITED = 1_000_000  # credits and jobs


class FullBlobs(Blobs):
    """A store that has every key: the workers here store nothing."""

    async def size(self, key: str) -> int:
        return CLIP.bytes

    async def get(self, key: str) -> bytes:
        return smallest_mp4()


class FaultyService:
    """The whole service but its front end, with faults."""

    def __init__(self, jobs: Jobs, redis: RestartableRedis, folder: Path, seed: int) -> None:
        self.jobs = jobs
        self.notes = folder / "notes"
        self._redis = redis
        self._random = random.Random(seed)
        self._workers: list[Process] = []
        self._dispatcher = asyncio.create_task(self._dispatch())

    async def _dispatch(self) -> None:
        queue = await Queue.connect(self._redis.url)
        try:
            await Dispatcher(self.jobs, FullBlobs.open("memory:///"), queue, EventBus()).run()
        finally:
            await queue.close()

    async def start_worker(self) -> None:
        """Start one more worker."""
        environ = os.environ | {
            "REDIS_URL": self._redis.url,
            "SOAK_NOTES": str(self.notes),
            "PYTHONPATH": str(Path.cwd()),
        }
        command = (sys.executable, "-m", "tests.support.soak_worker")
        self._workers.append(await asyncio.create_subprocess_exec(*command, env=environ))

    async def inject_fault(self, names: list[str]) -> None:
        """Inject a random fault."""
        fault = self._random.choice(FAULTS)
        if fault in ("kill", "stop"):
            worker = self._workers.pop(0)
            worker.send_signal(signal.SIGKILL if fault == "kill" else signal.SIGTERM)
            await worker.wait()
            await self.start_worker()
        elif fault == "empty":
            self._redis.empty()
        elif fault in ("outage", "crash"):
            self._redis.stop(kill=fault == "crash")
            await asyncio.sleep(self._random.uniform(0.3, 1.0))
            self._redis.start()
        elif fault == "bot":
            self._dispatcher.cancel()
            await asyncio.gather(self._dispatcher, return_exceptions=True)
            self._dispatcher = asyncio.create_task(self._dispatch())
        else:
            await self._cancel(self._random.choice(names))

    async def _cancel(self, name: str) -> None:
        try:
            await self.jobs.cancel(name, None, time.time())
        except JobGone:
            return  # over already

    async def finish(self) -> None:
        """Wait until every job has ended."""
        async with asyncio.timeout(90):
            while await self.jobs.pending.all():
                assert not self._dispatcher.done()
                await asyncio.sleep(0.2)

    async def __aenter__(self) -> FaultyService:
        for _ in range(3):
            await self.start_worker()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._dispatcher.cancel()
        await asyncio.gather(self._dispatcher, return_exceptions=True)
        for worker in self._workers:
            worker.terminate()
            await worker.wait()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_random_faults_lose_no_job_and_charge_only_for_clips(
    engine: AsyncEngine,
    catalogue: Catalogue,
    restartable_redis: RestartableRedis,
    tmp_path: Path,
    seed: int,
) -> None:
    jobs = Jobs(engine, replace(catalogue, quota=QuotaRow(UNLIMITED, UNLIMITED)))
    names = [f"job{number:03d}" for number in range(100)]
    for number, name in enumerate(names):
        await jobs.add(job(name, f"person{number % 7}", created=time.time()))
    async with FaultyService(jobs, restartable_redis, tmp_path, seed) as service:
        for _ in range(20):
            await asyncio.sleep(0.4)
            await service.inject_fault(names)
        await service.finish()

    ended = [await jobs.get(name) for name in names]
    assert {one.status for one in ended} <= {Status.DONE, Status.CANCELLED}
    async with engine.connect() as connection:
        charged = await connection.scalar(select(func.sum(ledger.c.credits)))
    assert charged == sum(one.cost for one in ended if one.status is Status.DONE)
    made = service.notes.read_text().split()
    assert len(made) == len(set(made))

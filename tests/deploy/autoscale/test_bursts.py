"""From nothing to N workers and back, twice: nothing is lost, and each second is on the bill."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.dispatch.billing import Billing
from bot.health import Readiness
from bot.metrics import BotMetrics
from bot.studio.options import Options
from deploy.autoscale.controller import WorkerScaler
from deploy.local.stack.child_process import ProcessExited
from storage.database.tables import lives
from storage.domain.job import Status
from storage.prices_file import load_prices
from tests.support.backend import Backend, open_backend, png, requester, until

pytestmark = pytest.mark.timeout(240)

MOST, IDLE_SECONDS, CLIPS = 2, 3.0, 6
OFFER = "runpod-flex-24gb"
TICK = 0.1  # seconds; the kernel tells the start of a process, and its own, in hundredths


@dataclass
class OnDemand:
    """A service without workers, and a controller that starts them."""

    backend: Backend
    billing: Billing
    scaler: WorkerScaler

    async def burst(self, first: int) -> None:
        """Order some clips at once, and wait until they are made."""
        for number in range(first, first + CLIPS):
            person = requester(str(number // 3))
            options = Options("slow pan right", seed=number, steps=12)
            await self.backend.studio.orders.submit(person, png(), options)
        await until(self.backend.all_jobs_ended, 120.0)

    @contextlib.asynccontextmanager
    async def scaling(self) -> AsyncIterator[None]:
        """Let the controller start workers inside this block."""
        task = asyncio.create_task(self.scaler.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def bill(self) -> None:
        """Bill the workers that have ended."""
        for _ in range(2):
            await self.billing.collect()


@pytest.fixture
async def on_demand(tmp_path: Path, redis_url: str) -> AsyncIterator[OnDemand]:
    settings = {
        "MUTOSCOPE_HOME": str(tmp_path),
        "REDIS_URL": redis_url,
        "ENGINE_FACTORY": "tests.support.fake_engine:create",
        "FAKE_ENGINE_MARKER": str(tmp_path / "marker"),
        "GPU_OFFER": OFFER,
        "LOG_FORMAT": "json",
    }
    async with contextlib.AsyncExitStack() as stack:
        backend = await stack.enter_async_context(open_backend(tmp_path, redis_url, b""))
        await stack.enter_async_context(backend.running_dispatcher())
        metrics = BotMetrics(backend.jobs, backend.queue, set(), backend.scaling(OFFER))
        readiness = Readiness(backend.jobs, backend.queue, lambda: True)
        runner = await metrics.serve(0, readiness.serve)
        stack.push_async_callback(runner.cleanup)
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/workers/wanted"
        scaler = WorkerScaler(
            url,
            os.environ | settings,
            tmp_path / "logs",
            most=MOST,
            idle_seconds=IDLE_SECONDS,
            poll_seconds=0.2,
        )
        billing = Billing(backend.jobs, backend.queue, load_prices(), metrics.add_bills)
        yield OnDemand(backend, billing, scaler)


async def test_two_bursts_start_workers_which_end_by_themselves(
    on_demand: OnDemand, tmp_path: Path
) -> None:
    backend, scaler = on_demand.backend, on_demand.scaler
    async with on_demand.scaling():
        for burst in range(2):
            assert scaler.alive == []
            await on_demand.burst(burst * CLIPS)
            await scaler.wait_until_none()
            await on_demand.bill()
            assert await backend.queue.workers() == 0
    assert max_at_once(scaler) == MOST

    report = await backend.jobs.sums.of_everybody(0.0)
    assert report.counts[Status.DONE] == 2 * CLIPS
    assert sum(report.counts.values()) == 2 * CLIPS
    lived = sum(run.seconds for run in scaler.runs)
    bill = await backend.jobs.lives.total(0.0)
    assert bill.workers == len(scaler.runs)
    assert served_seconds(tmp_path / "logs") <= bill.seconds <= lived + TICK * len(scaler.runs)
    assert bill.money == pytest.approx(bill.seconds * 0.00019)
    async with backend.jobs._read() as connection:
        charged = await connection.scalar(select(func.sum(lives.c.charged_seconds)))
    on_clips = report.seconds + report.start_seconds + report.idle_seconds
    assert on_clips == pytest.approx(charged)
    assert report.start_seconds > 0
    assert report.idle_seconds >= IDLE_SECONDS


def served_seconds(logs: Path) -> float:
    """Return for how long all workers took orders or waited for one, by the lines that they wrote.

    However long the machine lets their starts and ends take, that is within what is billed.
    """
    seconds = 0.0
    for log in logs.iterdir():
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        [first] = [line["time"] for line in lines if line["message"].endswith("takes orders")]
        [last] = [line["time"] for line in lines if line["message"].startswith("no order for")]
        seconds += (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    return seconds


def max_at_once(scaler: WorkerScaler) -> int:
    """Return how many workers ran at the same time at most."""
    return max(
        sum(one.started <= run.started < (one.ended or time.monotonic()) for one in scaler.runs)
        for run in scaler.runs
    )


async def test_workers_that_cannot_work_are_not_started_for_ever(on_demand: OnDemand) -> None:
    scaler = on_demand.scaler
    scaler._environ["ENGINE_FACTORY"] = "tests.support.fake_engine:missing"
    await on_demand.backend.studio.orders.submit(requester(), png(), Options("a", seed=1))
    with pytest.raises(ProcessExited, match="no weights here"):
        await scaler.run()
    assert len(scaler.runs) == 3


async def test_workers_stop_with_their_controller(on_demand: OnDemand) -> None:
    async with on_demand.scaling():
        job = await on_demand.backend.studio.orders.submit(
            requester(), png(), Options("slow", seed=1, steps=50)
        )
        await until(lambda: _runs(on_demand, job.id))
    assert on_demand.scaler.alive == []
    assert (await on_demand.backend.jobs.get(job.id)).status is not Status.FAILED


async def _runs(on_demand: OnDemand, job_id: str) -> bool:
    return (await on_demand.backend.jobs.get(job_id)).status is Status.RUNNING


async def test_a_bot_that_does_not_answer_wants_no_workers(tmp_path: Path) -> None:
    scaler = WorkerScaler("http://127.0.0.1:9/workers/wanted", {}, tmp_path, poll_seconds=0.05)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(scaler.run(), 0.5)
    assert scaler.runs == []

"""Numbers for Prometheus and the autoscaler."""

from __future__ import annotations

import asyncio

import aiohttp

from bot.metrics import Metrics, serve
from bot.studio.options import Options
from tests.support.backend import Backend, customer, png, until


async def test_the_endpoints_tell_what_waits_and_how_many_workers_are_wanted(
    backend: Backend,
) -> None:
    for seed in range(3):
        await backend.studio.submit(customer(), png(), Options("a", seed=seed))
    runner = await serve(Metrics(backend.jobs, backend.queue), 0)
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        async with session.get("/metrics") as answer:
            text = await answer.text()
        async with session.get("/workers/wanted") as answer:
            assert await answer.json() == {"wanted": 2}
        async with session.get("/healthz") as answer:
            assert answer.status == 200
    await runner.cleanup()
    assert "mutoscope_jobs_waiting 3\n" in text
    assert "mutoscope_workers 0\n" in text
    assert "mutoscope_queue_reachable 1\n" in text


async def test_what_ended_is_counted(backend: Backend) -> None:
    metrics = Metrics(backend.jobs, backend.queue)
    counting = asyncio.create_task(metrics.listen(backend.studio.subscribe()))
    async with backend.running():
        await backend.studio.submit(customer(), png(), Options("a", seed=1))
        await until(backend.all_jobs_ended)
        await backend.studio.submit(customer(), png(), Options("a", seed=1))
        await asyncio.sleep(0)
    counting.cancel()
    counters = dict(metrics.counters())
    assert counters['mutoscope_jobs_ended_total{status="done"}'] == 2
    assert counters["mutoscope_clips_from_cache_total"] == 1
    assert counters["mutoscope_worker_seconds_total"] == 1.5

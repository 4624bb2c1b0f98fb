"""Numbers for Prometheus and the autoscaler."""

from __future__ import annotations

import asyncio

import aiohttp

from bot.metrics import Metrics, serve
from bot.studio.options import Options
from tests.support.backend import Workshop, customer, png, until


async def test_the_endpoints_tell_what_waits_and_how_many_workers_are_wanted(
    workshop: Workshop,
) -> None:
    for seed in range(3):
        await workshop.studio.submit(customer(), png(), Options("a", seed=seed))
    runner = await serve(Metrics(workshop.jobs, workshop.queue), 0)
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


async def test_what_ended_is_counted(workshop: Workshop) -> None:
    metrics = Metrics(workshop.jobs, workshop.queue)
    counting = asyncio.create_task(metrics.listen(workshop.studio.subscribe()))
    async with workshop.working():
        await workshop.studio.submit(customer(), png(), Options("a", seed=1))
        await until(workshop.all_over)
        await workshop.studio.submit(customer(), png(), Options("a", seed=1))
        await asyncio.sleep(0)
    counting.cancel()
    counters = dict(metrics.counters())
    assert counters['mutoscope_jobs_ended_total{status="done"}'] == 2
    assert counters["mutoscope_clips_from_cache_total"] == 1
    assert counters["mutoscope_worker_seconds_total"] == 1.5

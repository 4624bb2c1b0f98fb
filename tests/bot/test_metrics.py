"""Metrics for Prometheus and the autoscaler."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace

import aiohttp
import pytest

from bot.health import Readiness
from bot.metrics import GUILDS, BotMetrics
from bot.studio.options import Options
from storage.domain.catalogue import QuotaRow
from storage.domain.cost.bill import ClipBill, WorkerLife
from storage.domain.errors import Unavailable
from storage.domain.models.served_model import ServedModel
from storage.queue.heartbeat import Heartbeat
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import CLIP, job
from tests.support.prometheus import parse, samples, scrape


async def test_the_endpoints_report_the_queue_and_the_wanted_workers(
    backend: Backend,
) -> None:
    for seed in range(3):
        await backend.studio.orders.submit(requester(), png(), Options("a", seed=seed))
    metrics = BotMetrics(
        *(backend.jobs, backend.queue, set(), backend.scaling()), catalogue=backend.catalogue
    )
    serve_readiness = Readiness(backend.jobs, backend.queue, lambda: True).serve
    runner = await metrics.serve(0, serve_readiness)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    page = await scrape(f"{url}/metrics")
    async with aiohttp.ClientSession(url) as session:
        async with session.get("/workers/wanted") as answer:
            assert await answer.json() == {"wanted": 1, "idle_seconds": 20.0}
        for name, count in (("embedded", 1), ("i2vgen-xl", 0)):
            async with session.get("/workers/wanted", params={"model": name}) as answer:
                assert (await answer.json())["wanted"] == count
        async with session.get("/healthz") as answer:
            assert answer.status == 200
    await runner.cleanup()
    assert {metric.name: metric.type for metric in page} == {
        "mutoscope_jobs_waiting": "gauge",
        "mutoscope_jobs_running": "gauge",
        "mutoscope_oldest_wait_seconds": "gauge",
        "mutoscope_workers_wanted": "gauge",
        "mutoscope_workers": "gauge",
        "mutoscope_workers_outdated": "gauge",
        "mutoscope_idle_seconds_advised": "gauge",
        "mutoscope_jobs_set_aside": "gauge",
        "mutoscope_rows_unreadable": "gauge",
        "mutoscope_queue_reachable": "gauge",
        "mutoscope_events_unreadable": "counter",
        "mutoscope_jobs_ended": "counter",
        "mutoscope_clips_from_cache": "counter",
        "mutoscope_worker_seconds": "counter",
        "mutoscope_start_seconds": "counter",
        "mutoscope_idle_seconds": "counter",
        "mutoscope_dollars": "counter",
        "mutoscope_wait_seconds": "histogram",
        "mutoscope_guild_gpu_seconds": "gauge",
        "mutoscope_guild_dollars": "gauge",
    }
    found = samples(page)
    assert found["mutoscope_jobs_waiting{model=embedded}"] == 3
    assert found["mutoscope_workers{model=embedded}"] == 0
    assert found["mutoscope_workers_wanted{model=embedded}"] == 1
    assert found["mutoscope_queue_reachable"] == 1


async def test_gpu_time_and_money_are_told_by_server_for_a_bounded_number_of_labels(
    backend: Backend,
) -> None:
    jobs = backend.jobs_with_quota(QuotaRow(10**6, 10**6))
    now = time.time()
    for number in range(GUILDS + 3):
        one = job(f"j{number}", created=now)
        guild = str(number) if number else ""
        await jobs.add(replace(one, reply_to=replace(one.reply_to, guild=guild)))
        await jobs.finish(one.id, replace(CLIP, seconds=100.0 - number, worker="w"), now)
    work = sum(100.0 - number for number in range(GUILDS + 3))
    await jobs.lives.record(WorkerLife("a", "w", "", now, now, now + work, True), work / 100)
    metrics = BotMetrics(jobs, backend.queue, set(), backend.scaling())
    serve_readiness = Readiness(jobs, backend.queue, lambda: True).serve
    runner = await metrics.serve(0, serve_readiness)
    found = samples(await scrape(f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"))
    await runner.cleanup()
    labels = [name for name in found if name.startswith("mutoscope_guild_dollars")]
    assert len(labels) == GUILDS + 1
    assert found["mutoscope_guild_gpu_seconds{guild=none}"] == pytest.approx(100.0)
    assert found["mutoscope_guild_dollars{guild=19}"] == pytest.approx(0.81)
    assert found["mutoscope_guild_gpu_seconds{guild=other}"] == pytest.approx(80.0 + 79.0 + 78.0)
    assert found["mutoscope_guild_dollars{guild=other}"] == pytest.approx(2.37)


async def test_large_numbers_are_exact(backend: Backend) -> None:
    await backend.studio.orders.submit(requester(), png(), Options("a"))
    [job] = await backend.jobs.pending.all()
    metrics = BotMetrics(
        backend.jobs,
        backend.queue,
        set(),
        backend.scaling(),
        clock=lambda: job.created + 1234567.0,
    )
    await metrics.refresh()
    assert samples(metrics.registry)["mutoscope_oldest_wait_seconds{model=embedded}"] == 1234567.0


async def test_workers_are_left_out_while_the_queue_is_unreachable(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable() -> int:
        raise Unavailable("unavailable_queue")

    monkeypatch.setattr(backend.queue, "served_models", unreachable)
    metrics = BotMetrics(backend.jobs, backend.queue, set(), backend.scaling())
    await metrics.refresh()
    assert samples(metrics.registry)["mutoscope_queue_reachable"] == 0
    assert "mutoscope_workers" not in [metric.name for metric in parse(metrics.registry)]


async def test_workers_of_other_weights_are_counted(backend: Backend) -> None:
    row = backend.catalogue.model()
    served = ServedModel(row.name, row.source, row.revision)
    metrics = BotMetrics(
        *(backend.jobs, backend.queue, set(), backend.scaling()), catalogue=backend.catalogue
    )
    with contextlib.ExitStack() as stack:
        for number, one in enumerate((served, replace(served, revision=row.revision - 1))):
            heart = Heartbeat(backend.settings.redis_url, str(number), one)
            heart._renew()
            stack.callback(heart._redis.close)
        await metrics.refresh()
    found = samples(metrics.registry)
    assert found["mutoscope_workers{model=embedded}"] == 2
    assert found["mutoscope_workers_outdated{model=embedded}"] == 1


async def test_ended_jobs_are_counted(backend: Backend) -> None:
    metrics = BotMetrics(backend.jobs, backend.queue, set(), backend.scaling())
    counting = asyncio.create_task(metrics.listen(backend.studio.subscribe()))
    async with backend.running():
        await backend.studio.orders.submit(requester(), png(), Options("a", seed=1))
        await until(backend.all_jobs_ended)
        await backend.studio.orders.submit(requester(), png(), Options("a", seed=1))
        await until(lambda: samples(metrics.registry)["mutoscope_clips_from_cache_total"] == 1)
    counting.cancel()
    found = samples(metrics.registry)
    assert found["mutoscope_jobs_ended_total{status=done}"] == 2
    assert found["mutoscope_jobs_ended_total{status=failed}"] == 0
    assert found["mutoscope_worker_seconds_total{model=embedded}"] == 1.5
    assert found["mutoscope_wait_seconds_count{model=embedded}"] == 1
    assert found["mutoscope_wait_seconds_bucket{le=60.0}{model=embedded}"] == 1


async def test_the_rest_of_the_bill_is_counted_beside_the_clips_own_seconds(
    backend: Backend,
) -> None:
    metrics = BotMetrics(backend.jobs, backend.queue, set(), backend.scaling())
    metrics.add_bills([ClipBill(20.0, 5.0, 0.016), ClipBill(0.0, 1.5, 0.01)])
    found = samples(metrics.registry)
    assert found["mutoscope_start_seconds_total"] == 20.0
    assert found["mutoscope_idle_seconds_total"] == 6.5
    assert found["mutoscope_dollars_total"] == pytest.approx(0.026)

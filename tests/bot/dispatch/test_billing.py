"""Workers' lives come from the queue into the database, and each clip gets its share."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial

import pytest

from bot.dispatch.billing import Billing
from bot.studio.options import Options
from storage.domain.clip import Clip
from storage.domain.cost.bill import ClipBill, WorkerLife
from storage.domain.models.served_model import ServedModel
from storage.prices_file import load_prices
from storage.queue.heartbeat import Heartbeat, report_end
from storage.queue.keys import LIVES, life_key
from tests.support.backend import Backend, png, requester, until

OFFER = "runpod-flex-24gb"


def life(seconds: float, offer: str = OFFER) -> WorkerLife:
    """Return the life of a worker that was started so many seconds ago."""
    now = time.time()
    return WorkerLife("ab12", "worker", offer, now - seconds, now - seconds + 20.0, now)


def billing_of(backend: Backend, found: list[ClipBill]) -> Billing:
    return Billing(backend.jobs, backend.queue, load_prices(), found.extend)


async def order_clip(backend: Backend) -> str:
    """Have a clip made; return its job."""
    job = await backend.studio.orders.submit(requester(), png(), Options("a", seed=1))
    async with backend.running():
        await until(backend.all_jobs_ended)
    return job.id


async def test_a_worker_that_ends_is_billed_to_its_clip_once(
    backend: Backend, redis_url: str
) -> None:
    bills: list[ClipBill] = []
    billing = billing_of(backend, bills)
    backend.worker.claims.append(named)
    job = await order_clip(backend)
    report_end(redis_url, replace(life(60.0), ended=True))
    await billing.collect()
    assert not bills  # an outcome may still be on its way
    await billing.collect()
    await billing.collect()
    [bill] = bills
    assert bill.money == pytest.approx(60 * 0.00019)
    assert bill.start_seconds == pytest.approx(20.0)
    assert bill.idle_seconds == pytest.approx(38.5)
    assert (await backend.jobs.get(job)).money == pytest.approx(bill.money)
    assert await backend.queue.lives() == []


async def test_two_bots_bill_a_worker_once_between_them(
    two_bots: tuple[Backend, Backend], redis_url: str
) -> None:
    bills: list[ClipBill] = []
    billings = [billing_of(one, bills) for one in two_bots]
    two_bots[0].worker.claims.append(named)
    job = await order_clip(two_bots[0])
    report_end(redis_url, replace(life(60.0), ended=True))
    for _ in range(3):
        await asyncio.gather(*(billing.collect() for billing in billings))
    [bill] = bills
    assert bill.money == pytest.approx(60 * 0.00019)
    assert (await two_bots[1].jobs.get(job)).money == pytest.approx(bill.money)
    assert (await two_bots[1].jobs.lives.total(0.0)).workers == 1


async def named(clip: Clip) -> Clip:
    return replace(clip, worker="worker")


async def test_a_worker_that_dies_without_a_word_is_billed_until_it_was_last_seen(
    backend: Backend, redis_url: str
) -> None:
    heart = Heartbeat(redis_url, "worker", ServedModel("embedded"), lambda: life(30.0))
    heart.start()
    await until(lambda: has_life(backend))
    billing = billing_of(backend, [])
    await billing.collect()
    await billing.collect()
    assert (await backend.jobs.lives.total(0.0)).seconds == pytest.approx(30.0, abs=0.01)
    assert [one.ended for one in await backend.queue.lives()] == [False]
    heart.stop()  # its key is gone, as after its time to live, and it has not said that it ends
    assert [one.ended for one in await backend.queue.lives()] == [True]
    await billing.collect()
    await billing.collect()
    assert await backend.queue.lives() == []


async def has_life(backend: Backend) -> bool:
    return bool(await backend.queue.lives())


async def test_a_worker_that_is_gone_with_all_of_redis_is_billed_until_it_was_last_seen(
    backend: Backend, redis_url: str
) -> None:
    bills: list[ClipBill] = []
    billing = billing_of(backend, bills)
    backend.worker.claims.append(named)
    await order_clip(backend)
    heart = Heartbeat(redis_url, "worker", ServedModel("embedded"), lambda: life(30.0))
    heart.start()
    await until(lambda: has_life(backend))
    await billing.collect()
    heart.stop()
    await backend.queue._redis.flushdb()
    for _ in range(3):
        await billing.collect()
    assert [bill.money for bill in bills] == [pytest.approx(30 * 0.00019, rel=0.01)]


async def test_a_worker_that_goes_on_is_written_down_once_a_minute(
    backend: Backend, redis_url: str
) -> None:
    now = time.time()
    first = WorkerLife("ab12", "worker", OFFER, now, 0.0, now + 1.0)
    billing = billing_of(backend, [])
    seen = []
    for moment in (1.0, 6.0, 11.0, 59.0, 61.0, 66.0, 122.0):
        ready = now + 10.0 if moment > 10.0 else 0.0
        so_far = replace(first, seen=now + moment, ready=ready)
        Heartbeat(redis_url, "worker", ServedModel("embedded"), partial(replace, so_far))._renew()
        await billing.collect()
        seen.append(round((await backend.jobs.lives.total(0.0)).seconds, 3))
    assert seen == [1.0, 1.0, 11.0, 11.0, 11.0, 11.0, 122.0]


async def test_an_unknown_offer_costs_nothing_and_is_named_once(
    backend: Backend, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    billing = billing_of(backend, [])
    report_end(redis_url, life(60.0, "no such offer"))
    for _ in range(4):
        await billing.collect()
    total = await backend.jobs.lives.total(0.0)
    assert (total.workers, total.money) == (1, 0.0)
    assert caplog.text.count("no such offer") == 1


async def test_a_life_that_cannot_be_read_is_dropped(backend: Backend) -> None:
    redis = backend.queue._redis
    await redis.set(life_key("ab12"), '{"version": 1, "id": "ab12"}')
    async with redis.pipeline() as pipe:
        pipe.sadd(LIVES, "ab12", "gone")
        await pipe.execute()
    assert await backend.queue.lives() == []
    assert not await redis.exists(LIVES)

"""The service says how many workers it wants, how long they should idle, and how to rent them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from bot.studio.options import Options
from storage.domain.cost.bill import WorkerLife
from storage.domain.cost.offer import Tenure
from storage.domain.models.served_model import ServedModel
from storage.queue.heartbeat import Heartbeat
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import CLIP, job

OFFER = "runpod-flex-24gb"


async def order(backend: Backend, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        person = requester(str(number // 4))
        await backend.studio.orders.submit(person, png(), Options("a", seed=number))


async def add_history(backend: Backend, count: int, every: float, seconds: float) -> None:
    """Add clips that were made at regular times up to now."""
    now = time.time()
    for number in range(count):
        created = now - (count - number) * every
        await backend.jobs.add(job(f"h{number}", f"o{number}", created=created))
        clip = replace(CLIP, seconds=seconds, worker="w")
        await backend.jobs.finish(f"h{number}", clip, created + seconds)


async def test_without_orders_no_worker_is_wanted(backend: Backend) -> None:
    assert (await backend.scaling().wanted()).total() == 0


async def test_more_workers_are_wanted_where_one_would_take_too_long(backend: Backend) -> None:
    await order(backend, 3)
    assert (
        await backend.scaling().wanted()
    ).total() == 1  # three clips of 50 s begin within two minutes
    await order(backend, 16, first=3)
    assert (await backend.scaling().wanted()).total() == 7


async def test_every_bot_wants_the_same_workers(two_bots: tuple[Backend, Backend]) -> None:
    first, second = two_bots
    await order(first, 9)
    await order(second, 10, first=9)
    for one in await second.jobs.pending.next(1):
        await second.jobs.dispatched(one.id, 1, time.time())
    wanted = [(await one.scaling().wanted()).total() for one in two_bots]
    assert wanted == [7, 7]
    idle = [await one.scaling().idle_seconds() for one in two_bots]
    assert idle[0] == idle[1]


async def test_running_clips_and_live_workers_count(backend: Backend, redis_url: str) -> None:
    await order(backend, 4)
    for one in await backend.jobs.pending.next(2):
        await backend.jobs.dispatched(one.id, 1, time.time())
        await backend.jobs.started(one.id, 1, time.time())
    assert (await backend.scaling().wanted()).total() == 2  # the other two are taken in 50 s
    heart = Heartbeat(redis_url, "worker", ServedModel("embedded"))
    heart.start()
    await until(lambda: _alive(backend))
    assert (await backend.scaling().wanted()).total() == 2
    heart.stop()


async def _alive(backend: Backend) -> bool:
    return await backend.queue.workers() == 1


async def test_the_wanted_number_uses_how_long_workers_take_to_start(backend: Backend) -> None:
    now = time.time()
    life = WorkerLife("ab", "w", "", now - 100, now - 10, now, ended=True, model="embedded")
    await backend.jobs.lives.record(life, 0.0)
    assert await backend.scaling().idle_seconds() == pytest.approx(90.0)


async def test_idle_workers_stay_as_long_as_recent_gaps_pay_for(backend: Backend) -> None:
    await add_history(backend, 20, every=60.0, seconds=50.0)
    assert await backend.scaling().idle_seconds() == pytest.approx(10.0)


async def test_the_operator_is_told_once_that_a_fixed_card_is_cheaper(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    scaling = backend.scaling(OFFER)
    await scaling.look_at_rental()
    assert scaling.advice is not None
    assert (scaling.advice.tenure, scaling.advice.on_demand) == (Tenure.ON_DEMAND, 0.0)
    await add_history(backend, 150, every=600.0, seconds=590.0)
    for _ in range(2):
        await scaling.look_at_rental()
    assert scaling.advice.tenure is Tenure.FIXED
    assert scaling.advice.fixed == pytest.approx(24 * 0.39)
    assert scaling.advice.on_demand > 0.9 * scaling.advice.fixed
    assert caplog.text.count("a fixed card is cheaper now") == 1


async def test_two_bots_advise_the_same_and_one_of_them_says_so(
    two_bots: tuple[Backend, Backend], caplog: pytest.LogCaptureFixture
) -> None:
    first, second = two_bots
    await add_history(first, 150, every=600.0, seconds=590.0)
    scalings = [one.scaling(OFFER) for one in two_bots]
    await asyncio.gather(*(scaling.look_at_rental() for scaling in scalings))
    later = second.scaling(OFFER)  # after a restart
    await later.look_at_rental()
    assert [one.advice and one.advice.tenure for one in (*scalings, later)] == [Tenure.FIXED] * 3
    assert caplog.text.count("a fixed card is cheaper now") == 1


async def test_without_an_offer_there_is_no_advice(backend: Backend) -> None:
    scaling = backend.scaling()
    await scaling.look_at_rental()
    assert scaling.advice is None

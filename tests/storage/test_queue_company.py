"""Orders of one kind share a worker's turn where that pays, and each keeps what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from storage.domain.clip import Failure
from storage.queue.client import Queue
from storage.queue.messages import HANDED_BACK, Order, Standing, Started
from storage.queue.slots import Company
from tests.redis_server import FragileRedis
from tests.storage.overlapping import Overlapping
from tests.storage.workbench import Ear, clip_of, ended, order, quick, until, working


@pytest.fixture
async def queue(fragile_redis: FragileRedis) -> AsyncIterator[Queue]:
    queue = await Queue.connect(fragile_redis.url)
    yield queue
    await queue.close()


@pytest.fixture
def hand() -> Overlapping:
    hand = Overlapping()
    hand.gates(*"abcdx")
    return hand


def by_name(order: Order) -> Company | None:
    """Let all go together but x."""
    return None if order.job == "x" else Company("alike", (2,))


async def a_goes_and_two_share(queue: Queue, hand: Overlapping) -> None:
    """Let a have its turn, then b and c together."""
    for name in "abc":
        await queue.put(order(name))
    await hand.reaches("c taken")
    hand.frames["a"].set()
    await hand.reaches("c turn")


async def test_those_next_in_line_share_a_turn_and_each_is_told_of(
    queue: Queue, fragile_redis: FragileRedis, hand: Overlapping
) -> None:
    ear = Ear(queue)
    async with working(fragile_redis.url, hand, company=by_name):
        await a_goes_and_two_share(queue, hand)
        assert "b leads 2" in hand.log
        await until(queue.places, [2])
        started = {(await ear.next(Started))[1].job for _ in "abc"}
        assert started == set("abc")
        await queue.put(order("d"))
        hand.frames["b"].set()
        await hand.reaches("b frames")
        await hand.reaches("d taken")
        assert "d turn" not in hand.log  # c is still at the engine
        for gate in (*hand.frames.values(), *hand.files.values()):
            gate.set()
        for name in "abcd":
            assert await ended(queue, name) == clip_of(order(name))
    await ear.close()


async def test_one_of_another_kind_is_not_overtaken(
    queue: Queue, fragile_redis: FragileRedis, hand: Overlapping
) -> None:
    async with working(fragile_redis.url, hand, company=by_name):
        for name in "abxc":
            await queue.put(order(name))
        await hand.reaches("b taken")
        for gate in hand.files.values():
            gate.set()
        for name in "abxc":
            hand.frames[name].set()
            assert await ended(queue, name) == clip_of(order(name))
    assert [line for line in hand.log if line.endswith(" turn")] == [
        f"{name} turn" for name in "abxc"
    ]
    assert not [line for line in hand.log if line.endswith("leads 2")]


async def test_an_idle_worker_has_an_order_before_it_shares_anothers_turn(
    queue: Queue, fragile_redis: FragileRedis, hand: Overlapping
) -> None:
    async with working(fragile_redis.url, hand, name="busy", company=by_name):
        for name in "ab":
            await queue.put(order(name))
        await hand.reaches("b taken")
        async with working(fragile_redis.url, quick, name="idle"):
            await until(queue.workers, 2)
            await queue.put(order("c"))
            assert await ended(queue, "c") == clip_of(order("c"))
        for gate in (*hand.frames.values(), *hand.files.values()):
            gate.set()
        assert await ended(queue, "b") == clip_of(order("b"))
    assert "c taken" not in hand.log


async def test_a_cancel_drops_one_of_those_who_share(
    queue: Queue, fragile_redis: FragileRedis, hand: Overlapping
) -> None:
    async with working(fragile_redis.url, hand, company=by_name):
        await a_goes_and_two_share(queue, hand)
        await queue.cancel("b")  # the one who leads
        assert await ended(queue, "b") == Failure("failed_cancelled", cancelled=True)
        assert await queue.standing("c", 1) is Standing.RUNNING
        for gate in (*hand.frames.values(), *hand.files.values()):
            gate.set()
        assert await ended(queue, "c") == clip_of(order("c"))


async def test_a_stop_hands_back_all_who_share(
    queue: Queue, fragile_redis: FragileRedis, hand: Overlapping
) -> None:
    stop = asyncio.Event()
    async with working(fragile_redis.url, hand, stop, company=by_name) as task:
        await a_goes_and_two_share(queue, hand)
        stop.set()
        await task
    for name in "abc":
        assert await queue.outcome(name, 1) == HANDED_BACK

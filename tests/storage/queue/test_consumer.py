"""A worker that holds more than one order keeps every promise for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
import redis

from storage.domain.clip import Failure
from storage.queue.client import Queue
from storage.queue.consumer import MAX_ORDERS
from storage.queue.messages import HANDED_BACK, QUEUE, AttemptState, Started, lease_key
from tests.support.queue_worker import (
    Ear,
    Hand,
    clip_of,
    ended,
    order,
    passed_over,
    quick,
    said,
    until,
    waiting,
    working,
)
from tests.support.redis_server import RestartableRedis
from tests.support.staged_handler import Overlapping


@pytest.fixture
async def queue(restartable_redis: RestartableRedis) -> AsyncIterator[Queue]:
    queue = await Queue.connect(restartable_redis.url)
    yield queue
    await queue.close()


@pytest.fixture
def hand() -> Overlapping:
    hand = Overlapping()
    hand.gates(*"abcdefgh")
    return hand


async def test_the_next_order_is_taken_early_but_starts_when_the_engine_is_free(
    queue: Queue, restartable_redis: RestartableRedis, hand: Overlapping
) -> None:
    ear = await Ear.opened(queue)
    async with working(restartable_redis.url, hand):
        await queue.put(order("a"))
        assert (await ear.next(Started))[1].job == "a"
        await queue.put(order("b"))
        await hand.reaches("b taken")
        assert await queue.state("b", 1) is AttemptState.RUNNING
        assert [event.job for event in ear.heard] == ["a"]
        hand.frames["a"].set()
        assert (await ear.next(Started))[1].job == "b"
        hand.frames["b"].set()
        await hand.reaches("b frames")  # while a is still being made a file
        for name in "ab":
            hand.files[name].set()
            assert await ended(queue, name) == clip_of(order(name))
    await ear.close()
    assert hand.log[:4] == ["a taken", "a turn", "b taken", "a frames"]


async def test_an_idle_worker_has_an_order_before_one_that_would_only_keep_it_ready(
    queue: Queue, restartable_redis: RestartableRedis, hand: Overlapping
) -> None:
    async with working(restartable_redis.url, hand, name="busy"):
        await queue.put(order("a"))
        await hand.reaches("a turn")
        async with working(restartable_redis.url, quick, name="idle"):
            await until(queue.workers, 2)
            for number in range(10):
                await queue.put(order(f"q{number}"))
                assert await ended(queue, f"q{number}") == clip_of(order(f"q{number}"))
        hand.frames["a"].set()
        hand.files["a"].set()
    assert [line for line in hand.log if line.endswith("taken")] == ["a taken"]


async def test_no_more_than_a_few_orders_are_held(
    queue: Queue,
    restartable_redis: RestartableRedis,
    hand: Overlapping,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = passed_over(monkeypatch)
    for gate in hand.frames.values():
        gate.set()
    async with working(restartable_redis.url, hand):
        for name in "abcdef":
            await queue.put(order(name))
        await hand.reaches(f"{'abcdef'[MAX_ORDERS - 1]} frames")
        left.clear()
        await left.wait()
        assert await waiting(queue) == 6 - MAX_ORDERS
        for gate in hand.files.values():
            gate.set()
        for name in "abcdef":
            assert await ended(queue, name) == clip_of(order(name))


async def held_two(queue: Queue, hand: Overlapping) -> None:
    """Let the worker hold a, which has its turn, and b, which waits."""
    await queue.put(order("a"))
    await queue.put(order("b"))
    await hand.reaches("b taken")


async def test_each_order_has_its_own_cancel(
    queue: Queue, restartable_redis: RestartableRedis, hand: Overlapping
) -> None:
    async with working(restartable_redis.url, hand):
        await held_two(queue, hand)
        await queue.cancel("b")
        assert await ended(queue, "b") == Failure("failed_cancelled", cancelled=True)
        await queue.put(order("c"))
        await hand.reaches("c taken")
        await queue.cancel("a")
        assert await ended(queue, "a") == Failure("failed_cancelled", cancelled=True)
        hand.frames["c"].set()
        hand.files["c"].set()
        assert await ended(queue, "c") == clip_of(order("c"))
    assert "b turn" not in hand.log


async def test_every_order_keeps_its_lease_through_an_emptied_redis(
    queue: Queue, restartable_redis: RestartableRedis, hand: Overlapping
) -> None:
    async with working(restartable_redis.url, hand):
        await held_two(queue, hand)
        restartable_redis.empty()
        for name in "ab":
            await until(partial(queue.state, name, 1), AttemptState.RUNNING)
        for gate in (*hand.frames.values(), *hand.files.values()):
            gate.set()
        for name in "ab":
            assert await ended(queue, name) == clip_of(order(name))


async def test_a_stop_hands_back_what_waits_at_once_and_lets_the_rest_finish(
    queue: Queue, restartable_redis: RestartableRedis, hand: Overlapping
) -> None:
    stop = asyncio.Event()
    async with working(restartable_redis.url, hand, stop, grace=10.0) as task:
        await held_two(queue, hand)
        stop.set()
        assert await ended(queue, "b") == HANDED_BACK
        hand.frames["a"].set()
        hand.files["a"].set()
        await task
    assert await queue.outcome("a", 1) == clip_of(order("a"))
    assert "b turn" not in hand.log


async def test_a_stop_without_grace_hands_everything_back(
    queue: Queue, restartable_redis: RestartableRedis, hand: Overlapping
) -> None:
    stop = asyncio.Event()
    hand.frames["a"].set()
    async with working(restartable_redis.url, hand, stop) as task:
        for name in "abc":
            await queue.put(order(name))
        await hand.reaches("c taken")
        stop.set()
        await task
    for name in "abc":
        assert await queue.outcome(name, 1) == HANDED_BACK
        with redis.Redis.from_url(restartable_redis.url) as client:
            assert not client.exists(lease_key(f"{name}.1"))


async def test_orders_are_taken_again_while_an_older_one_is_still_at_hand_after_an_outage(
    queue: Queue,
    restartable_redis: RestartableRedis,
    hand: Overlapping,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with working(restartable_redis.url, hand):
        await queue.put(order("a"))
        hand.frames["a"].set()
        await hand.reaches("a frames")
        restartable_redis.stop(kill=True)
        await said(caplog, "the queue is away")
        restartable_redis.start()
        await queue.put(order("b"))
        await hand.reaches("b turn")
        for gate in (*hand.frames.values(), *hand.files.values()):
            gate.set()
        for name in "ab":
            assert await ended(queue, name) == clip_of(order(name))


async def test_a_start_that_nobody_could_hear_is_told_later(
    queue: Queue, restartable_redis: RestartableRedis, hand: Overlapping
) -> None:
    ear = Ear(queue)
    async with working(restartable_redis.url, hand):
        await held_two(queue, hand)
        restartable_redis.stop(kill=True)
        hand.frames["a"].set()
        await hand.reaches("b turn")  # and nothing more is told of it from here on
        restartable_redis.start()
        while (await ear.next(Started))[1].job != "b":
            pass
        for gate in (*hand.frames.values(), *hand.files.values()):
            gate.set()
        assert await ended(queue, "b") == clip_of(order("b"))
    await ear.close()


async def test_an_order_that_comes_back_from_the_past_is_not_taken_twice(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    hand = Hand()
    async with working(restartable_redis.url, hand):
        await queue.put(order("a"))
        await hand.started.wait()
        with redis.Redis.from_url(restartable_redis.url) as client:
            client.zadd(QUEUE, {"a.1": 1.0})
            client.delete("arq:in-progress:a.1")
        hand.let_go.set()
        assert await ended(queue, "a") == clip_of(order("a"))
        await until(partial(waiting, queue), 0)
    assert len(hand.orders) == 1

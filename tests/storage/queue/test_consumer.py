"""A worker that holds several orders handles each on its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
import redis

from storage.domain.clip import Failure
from storage.queue.client import Queue
from storage.queue.consumer import MAX_ORDERS
from storage.queue.keys import lease_key, queue_key
from storage.queue.messages.events import Started
from storage.queue.messages.orders import AttemptState
from storage.queue.messages.outcomes import HANDED_BACK
from tests.support.queue_worker import (
    BlockingHandler,
    EventRecorder,
    StagedHandler,
    clip_of,
    complete_at_once,
    order,
    outcome_of,
    put_again,
    queued_orders,
    running_worker,
    skip_event,
    until,
    wait_for_log,
)
from tests.support.redis_server import RestartableRedis


@pytest.fixture
async def queue(restartable_redis: RestartableRedis) -> AsyncIterator[Queue]:
    queue = await Queue.connect(restartable_redis.url)
    yield queue
    await queue.close()


@pytest.fixture
def handler() -> StagedHandler:
    handler = StagedHandler()
    handler.hold(*"abcdefgh")
    return handler


async def test_the_next_order_is_taken_early_but_starts_when_the_engine_is_free(
    queue: Queue, restartable_redis: RestartableRedis, handler: StagedHandler
) -> None:
    recorder = await EventRecorder.subscribed(queue)
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a"))
        assert (await recorder.next(Started))[1].job == "a"
        await queue.put(order("b"))
        await handler.wait_for("b taken")
        assert await queue.state("b", 1, "embedded") is AttemptState.RUNNING
        assert [event.job for event in recorder.events] == ["a"]
        handler.frames["a"].set()
        assert (await recorder.next(Started))[1].job == "b"
        handler.frames["b"].set()
        await handler.wait_for("b frames")  # while a is still being made a file
        for name in "ab":
            handler.files[name].set()
            assert await outcome_of(queue, name) == clip_of(order(name))
    await recorder.close()
    assert handler.log[:4] == ["a taken", "a engine", "b taken", "a frames"]


async def test_an_idle_worker_takes_an_order_before_a_busy_one_prefetches_it(
    queue: Queue,
    restartable_redis: RestartableRedis,
    handler: StagedHandler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A machine that stops for as long as the real head start would let the busy one take it.
    monkeypatch.setattr("storage.queue.consumer.HEAD_START_SECONDS", 600.0)
    async with running_worker(restartable_redis.url, handler, name="busy"):
        await queue.put(order("a"))
        await handler.wait_for("a engine")
        async with running_worker(restartable_redis.url, complete_at_once, name="idle"):
            await until(queue.workers, 2)
            for number in range(10):
                await queue.put(order(f"q{number}"))
                assert await outcome_of(queue, f"q{number}") == clip_of(order(f"q{number}"))
        handler.frames["a"].set()
        handler.files["a"].set()
    assert [line for line in handler.log if line.endswith("taken")] == ["a taken"]


async def test_no_more_than_a_few_orders_are_held(
    queue: Queue,
    restartable_redis: RestartableRedis,
    handler: StagedHandler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skipped = skip_event(monkeypatch)
    for gate in handler.frames.values():
        gate.set()
    async with running_worker(restartable_redis.url, handler):
        for name in "abcdef":
            await queue.put(order(name))
        await handler.wait_for(f"{'abcdef'[MAX_ORDERS - 1]} frames")
        skipped.clear()
        await skipped.wait()
        assert await queued_orders(queue) == 6 - MAX_ORDERS
        for gate in handler.files.values():
            gate.set()
        for name in "abcdef":
            assert await outcome_of(queue, name) == clip_of(order(name))


async def held_two(queue: Queue, handler: StagedHandler) -> None:
    """Let the worker hold a, which has the engine, and b, which waits."""
    await queue.put(order("a"))
    await queue.put(order("b"))
    await handler.wait_for("b taken")


async def test_each_order_has_its_own_cancel(
    queue: Queue, restartable_redis: RestartableRedis, handler: StagedHandler
) -> None:
    async with running_worker(restartable_redis.url, handler):
        await held_two(queue, handler)
        await queue.cancel("b")
        assert await outcome_of(queue, "b") == Failure("failed_cancelled", cancelled=True)
        await queue.put(order("c"))
        await handler.wait_for("c taken")
        await queue.cancel("a")
        assert await outcome_of(queue, "a") == Failure("failed_cancelled", cancelled=True)
        handler.frames["c"].set()
        handler.files["c"].set()
        assert await outcome_of(queue, "c") == clip_of(order("c"))
    assert "b engine" not in handler.log


async def test_every_order_keeps_its_lease_through_an_emptied_redis(
    queue: Queue, restartable_redis: RestartableRedis, handler: StagedHandler
) -> None:
    async with running_worker(restartable_redis.url, handler):
        await held_two(queue, handler)
        restartable_redis.empty()
        for name in "ab":
            await until(partial(queue.state, name, 1, "embedded"), AttemptState.RUNNING)
        handler.release_all()
        for name in "ab":
            assert await outcome_of(queue, name) == clip_of(order(name))


async def test_a_stop_hands_back_what_waits_at_once_and_lets_the_rest_finish(
    queue: Queue, restartable_redis: RestartableRedis, handler: StagedHandler
) -> None:
    stop = asyncio.Event()
    async with running_worker(restartable_redis.url, handler, stop, grace=10.0) as task:
        await held_two(queue, handler)
        stop.set()
        assert await outcome_of(queue, "b") == HANDED_BACK
        handler.frames["a"].set()
        handler.files["a"].set()
        await task
    assert await queue.outcome("a", 1) == clip_of(order("a"))
    assert "b engine" not in handler.log


async def test_a_stop_without_grace_hands_everything_back(
    queue: Queue, restartable_redis: RestartableRedis, handler: StagedHandler
) -> None:
    stop = asyncio.Event()
    handler.frames["a"].set()
    async with running_worker(restartable_redis.url, handler, stop) as task:
        for name in "abc":
            await queue.put(order(name))
        await handler.wait_for("c taken")
        stop.set()
        await task
    for name in "abc":
        assert await queue.outcome(name, 1) == HANDED_BACK
        with redis.Redis.from_url(restartable_redis.url) as client:
            assert not client.exists(lease_key(f"{name}.1"))


async def test_orders_are_taken_after_an_outage_while_an_older_one_is_still_held(
    queue: Queue,
    restartable_redis: RestartableRedis,
    handler: StagedHandler,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a"))
        handler.frames["a"].set()
        await handler.wait_for("a frames")
        restartable_redis.stop(kill=True)
        await wait_for_log(caplog, "the queue is away")
        restartable_redis.start()
        await put_again(queue, order("b"))
        await handler.wait_for("b engine")
        handler.release_all()
        for name in "ab":
            assert await outcome_of(queue, name) == clip_of(order(name))


async def test_a_start_during_an_outage_is_published_later(
    queue: Queue, restartable_redis: RestartableRedis, handler: StagedHandler
) -> None:
    recorder = EventRecorder(queue)
    async with running_worker(restartable_redis.url, handler):
        await held_two(queue, handler)
        restartable_redis.stop(kill=True)
        handler.frames["a"].set()
        await handler.wait_for("b engine")  # and nothing more is told of it from here on
        restartable_redis.start()
        while (await recorder.next(Started))[1].job != "b":
            pass
        handler.release_all()
        assert await outcome_of(queue, "b") == clip_of(order("b"))
    await recorder.close()


async def test_an_order_restored_from_older_data_is_not_taken_twice(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    handler = BlockingHandler()
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a"))
        await handler.started.wait()
        with redis.Redis.from_url(restartable_redis.url) as client:
            client.zadd(queue_key("embedded"), {"a.1": 1.0})
            client.delete("arq:in-progress:a.1")
        handler.proceed.set()
        assert await outcome_of(queue, "a") == clip_of(order("a"))
        await until(partial(queued_orders, queue), 0)
    assert len(handler.orders) == 1

"""The queue under ill treatment: outages, an emptied Redis, kills, cancels and stops."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from storage.domain.clip import Clip, Failure
from storage.domain.errors import Unavailable
from storage.queue.client import Queue
from storage.queue.consumer import Consumer
from storage.queue.messages import (
    HANDED_BACK,
    LEASE_SECONDS,
    AttemptState,
    Ended,
    Order,
    cancel_key,
    lease_key,
    write_outcome,
)
from storage.queue.reporter import ProgressReporter
from tests.support.queue_worker import Ear, Hand, clip_of, ended, order, quick, said, until, working
from tests.support.redis_server import RestartableRedis


@pytest.fixture
async def queue(restartable_redis: RestartableRedis) -> AsyncIterator[Queue]:
    queue = await Queue.connect(restartable_redis.url)
    yield queue
    await queue.close()


async def test_an_idle_worker_outlives_an_outage(
    queue: Queue, restartable_redis: RestartableRedis, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(restartable_redis.url, quick) as task:
        await until(queue.workers, 1)
        restartable_redis.stop(kill=True)
        await said(caplog, "the queue is away")
        with pytest.raises(Unavailable):
            await queue.workers()
        restartable_redis.start()
        assert not task.done()
        await queue.put(order("a"))
        assert await ended(queue, "a") == clip_of(order("a"))


async def test_a_clip_that_is_done_while_redis_is_away_is_delivered_and_not_made_again(
    queue: Queue, restartable_redis: RestartableRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, again = [False], asyncio.Event()

    def written(outcome: Clip | Failure) -> str:
        if tried[0]:
            again.set()
        tried[0] = True
        return write_outcome(outcome)

    monkeypatch.setattr("storage.queue.lease.write_outcome", written)
    hand = Hand()
    ear = Ear(queue)
    async with working(restartable_redis.url, hand):
        await queue.put(order("a"))
        await hand.started.wait()
        restartable_redis.stop(kill=True)
        hand.let_go.set()
        await again.wait()
        restartable_redis.start()
        assert await ended(queue, "a") == clip_of(order("a"))
        await ear.next(Ended)
        await queue.put(order("b"))
        assert await ended(queue, "b") == clip_of(order("b"))
    await ear.close()
    assert [done.job for done in hand.orders] == ["a", "b"]


async def test_an_emptied_redis_loses_no_clip(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    hand = Hand()
    async with working(restartable_redis.url, hand):
        await queue.put(order("a"))
        await queue.put(order("waiting"))
        await hand.started.wait()
        restartable_redis.empty()
        assert await queue.state("waiting", 1) is AttemptState.LOST
        await until(lambda: queue.state("a", 1), AttemptState.RUNNING)  # at the next renewal
        assert await queue.put(order("waiting", 2))
        hand.let_go.set()
        assert await ended(queue, "a") == clip_of(order("a"))
        assert await ended(queue, "waiting", 2) == clip_of(order("waiting", 2))


async def test_a_cancel_reaches_the_handler_at_once(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    hand = Hand()
    async with working(restartable_redis.url, hand):
        await queue.put(order("a"))
        await hand.started.wait()
        began = asyncio.get_running_loop().time()
        await queue.cancel("a")
        assert await ended(queue, "a") == Failure("failed_cancelled", cancelled=True)
        assert asyncio.get_running_loop().time() - began < 0.5


async def test_a_cancel_that_the_channel_lost_is_found_by_its_flag(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    hand = Hand()
    async with working(restartable_redis.url, hand):
        await queue.put(order("a"))
        await hand.started.wait()
        with redis.Redis.from_url(restartable_redis.url) as client:
            client.set(cancel_key("a"), "1")
        assert await ended(queue, "a") == Failure("failed_cancelled", cancelled=True)


async def test_a_job_that_was_cancelled_while_it_waited_is_not_begun(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    hand = Hand()
    await queue.put(order("a"))
    await queue.cancel("a")
    async with working(restartable_redis.url, hand):
        assert await ended(queue, "a") == Failure("failed_cancelled", cancelled=True)
    assert hand.orders == []


async def test_a_worker_that_is_stopped_hands_its_job_back(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    hand, stop = Hand(), asyncio.Event()
    async with working(restartable_redis.url, hand, stop) as task:
        await queue.put(order("a"))
        await hand.started.wait()
        stop.set()
        await task
        assert await queue.outcome("a", 1) == HANDED_BACK
        assert await queue.workers() == 0


async def test_a_worker_that_is_stopped_may_finish_within_its_grace(
    queue: Queue, restartable_redis: RestartableRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand, stop, waiting = Hand(), asyncio.Event(), asyncio.Event()
    wait = Consumer._wait

    async def noticed(consumer: Consumer, seconds: float | None) -> None:
        waiting.set()
        await wait(consumer, seconds)

    monkeypatch.setattr(Consumer, "_wait", noticed)
    async with working(restartable_redis.url, hand, stop, grace=10.0) as task:
        await queue.put(order("a"))
        await queue.put(order("b"))
        await hand.started.wait()
        stop.set()
        await waiting.wait()
        hand.let_go.set()
        await task
        assert await queue.outcome("a", 1) == clip_of(order("a"))
        assert await queue.state("b", 1) is AttemptState.WAITING


async def test_a_handler_that_does_not_listen_is_ended(
    queue: Queue, restartable_redis: RestartableRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.queue.consumer.STOP_SECONDS", 0.1)
    started, stop = asyncio.Event(), asyncio.Event()

    async def deaf(order: Order, reporter: ProgressReporter) -> Clip | Failure:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with working(restartable_redis.url, deaf, stop) as task:
        await queue.put(order("a"))
        await started.wait()
        stop.set()
        await task
        assert await queue.outcome("a", 1) == HANDED_BACK


async def test_twenty_stops_use_up_nothing(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    for attempt in range(1, 21):
        hand, stop = Hand(), asyncio.Event()
        await queue.put(order("a", attempt))
        async with working(restartable_redis.url, hand, stop) as task:
            await hand.started.wait()
            stop.set()
            await task
        assert await queue.outcome("a", attempt) == HANDED_BACK
    await queue.put(order("a", 21))
    async with working(restartable_redis.url, quick):
        assert await ended(queue, "a", 21) == clip_of(order("a", 21))


async def test_a_busy_loop_does_not_stop_the_lease(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    hand = Hand()
    async with working(restartable_redis.url, hand):
        await queue.put(order("a"))
        await hand.started.wait()
        with redis.Redis.from_url(restartable_redis.url) as client:
            client.pexpire(lease_key("a.1"), 3500)
            wait_blocking(4.0)
            assert client.pttl(lease_key("a.1")) > (LEASE_SECONDS - 4.5) * 1000
        hand.let_go.set()
        await ended(queue, "a")


def wait_blocking(seconds: float) -> None:
    """Keep the event loop from running, as heavy work would."""
    time.sleep(seconds)


WORKER = """
import asyncio, os, sys
from storage.queue.consumer import serve
from storage.settings import Settings

async def hang(order, report):
    print("started", flush=True)
    await asyncio.Event().wait()

asyncio.run(serve(hang, Settings.from_environment(os.environ), "doomed", asyncio.Event()))
"""


async def test_a_killed_workers_lease_runs_out_and_arq_never_runs_its_job_again(
    queue: Queue, restartable_redis: RestartableRedis, tmp_path: Path
) -> None:
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    environ = os.environ | {"REDIS_URL": restartable_redis.url, "PYTHONPATH": str(Path.cwd())}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), env=environ, stdout=asyncio.subprocess.PIPE
    )
    await queue.put(order("a"))
    assert process.stdout is not None
    assert await process.stdout.readline() == b"started\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert await queue.state("a", 1) is AttemptState.RUNNING
    with redis.Redis.from_url(restartable_redis.url) as client:
        assert 0 < client.pttl(lease_key("a.1")) <= LEASE_SECONDS * 1000
        client.delete(lease_key("a.1"))  # as time would
    assert await queue.state("a", 1) is AttemptState.LOST
    hand = Hand()
    hand.let_go.set()
    async with working(restartable_redis.url, hand):
        await queue.put(order("a", 2))
        assert await ended(queue, "a", 2) == clip_of(order("a", 2))
    assert [taken.attempt for taken in hand.orders] == [2]

"""Orders survive outages, an emptied Redis and kills, and obey cancels and stops."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import redis
import redis.asyncio

from storage.domain.clip import Clip, Failure
from storage.domain.errors import Unavailable
from storage.queue.client import Queue
from storage.queue.consumer import Consumer
from storage.queue.keys import CANCELS, LEASE_SECONDS, cancel_key, lease_key
from storage.queue.messages.events import Ended
from storage.queue.messages.orders import AttemptState, Order
from storage.queue.messages.outcomes import HANDED_BACK, write_outcome
from storage.queue.reporter import ProgressReporter
from tests.support.queue_worker import (
    BlockingHandler,
    EventRecorder,
    clip_of,
    complete_at_once,
    order,
    outcome_of,
    put_again,
    running_worker,
    until,
    wait_for_log,
)
from tests.support.redis_server import RestartableRedis


@pytest.fixture
async def queue(restartable_redis: RestartableRedis) -> AsyncIterator[Queue]:
    queue = await Queue.connect(restartable_redis.url)
    yield queue
    await queue.close()


async def test_an_idle_worker_survives_an_outage(
    queue: Queue, restartable_redis: RestartableRedis, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_worker(restartable_redis.url, complete_at_once) as task:
        await until(queue.workers, 1)
        restartable_redis.stop(kill=True)
        await wait_for_log(caplog, "the queue is away")
        with pytest.raises(Unavailable):
            await queue.workers()
        restartable_redis.start()
        assert not task.done()
        await put_again(queue, order("a"))
        assert await outcome_of(queue, "a") == clip_of(order("a"))


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
    handler = BlockingHandler()
    recorder = EventRecorder(queue)
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a"))
        await handler.started.wait()
        restartable_redis.stop(kill=True)
        handler.proceed.set()
        await again.wait()
        restartable_redis.start()
        assert await outcome_of(queue, "a") == clip_of(order("a"))
        await recorder.next(Ended)
        await put_again(queue, order("b"))
        assert await outcome_of(queue, "b") == clip_of(order("b"))
    await recorder.close()
    assert [done.job for done in handler.orders] == ["a", "b"]


async def test_an_emptied_redis_loses_no_clip(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    handler = BlockingHandler()
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a"))
        await queue.put(order("waiting"))
        await handler.started.wait()
        restartable_redis.empty()
        assert await queue.state("waiting", 1, "embedded") is AttemptState.LOST
        await until(
            lambda: queue.state("a", 1, "embedded"), AttemptState.RUNNING
        )  # at the next renewal
        assert await queue.put(order("waiting", 2))
        handler.proceed.set()
        assert await outcome_of(queue, "a") == clip_of(order("a"))
        assert await outcome_of(queue, "waiting", 2) == clip_of(order("waiting", 2))


async def test_a_cancel_reaches_the_handler_by_the_channel_alone(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    handler = BlockingHandler()
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a"))
        await handler.started.wait()
        async with redis.asyncio.Redis.from_url(restartable_redis.url) as client:
            await until(lambda: client.publish(CANCELS, "a"), 1)  # the worker has subscribed
        assert await outcome_of(queue, "a") == Failure("failed_cancelled", cancelled=True)


async def test_a_cancel_lost_by_the_channel_is_found_by_its_flag(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    handler = BlockingHandler()
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a"))
        await handler.started.wait()
        with redis.Redis.from_url(restartable_redis.url) as client:
            client.set(cancel_key("a"), "1")
        assert await outcome_of(queue, "a") == Failure("failed_cancelled", cancelled=True)


async def test_a_job_cancelled_while_it_waits_is_not_started(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    handler = BlockingHandler()
    await queue.put(order("a"))
    await queue.cancel("a")
    async with running_worker(restartable_redis.url, handler):
        assert await outcome_of(queue, "a") == Failure("failed_cancelled", cancelled=True)
    assert handler.orders == []


async def test_a_worker_that_is_stopped_hands_its_job_back(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    handler, stop = BlockingHandler(), asyncio.Event()
    async with running_worker(restartable_redis.url, handler, stop) as task:
        await queue.put(order("a"))
        await handler.started.wait()
        stop.set()
        await task
        assert await queue.outcome("a", 1) == HANDED_BACK
        assert await queue.workers() == 0


async def test_a_worker_that_is_stopped_may_finish_within_its_grace(
    queue: Queue, restartable_redis: RestartableRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, stop, waiting = BlockingHandler(), asyncio.Event(), asyncio.Event()
    wait = Consumer._wait

    async def noticed(consumer: Consumer, seconds: float | None) -> None:
        waiting.set()
        await wait(consumer, seconds)

    monkeypatch.setattr(Consumer, "_wait", noticed)
    async with running_worker(restartable_redis.url, handler, stop, grace=10.0) as task:
        await queue.put(order("a"))
        await queue.put(order("b"))
        await handler.started.wait()
        stop.set()
        await waiting.wait()
        handler.proceed.set()
        await task
        assert await queue.outcome("a", 1) == clip_of(order("a"))
        assert await queue.state("b", 1, "embedded") is AttemptState.WAITING


async def test_a_handler_that_ignores_a_stop_is_cancelled(
    queue: Queue, restartable_redis: RestartableRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.queue.consumer.STOP_SECONDS", 0.1)
    started, stop = asyncio.Event(), asyncio.Event()

    async def ignoring(order: Order, reporter: ProgressReporter) -> Clip | Failure:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with running_worker(restartable_redis.url, ignoring, stop) as task:
        await queue.put(order("a"))
        await started.wait()
        stop.set()
        await task
        assert await queue.outcome("a", 1) == HANDED_BACK


async def test_twenty_stops_use_up_no_attempts(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    for attempt in range(1, 21):
        handler, stop = BlockingHandler(), asyncio.Event()
        await queue.put(order("a", attempt))
        async with running_worker(restartable_redis.url, handler, stop) as task:
            await handler.started.wait()
            stop.set()
            await task
        assert await queue.outcome("a", attempt) == HANDED_BACK
    await queue.put(order("a", 21))
    async with running_worker(restartable_redis.url, complete_at_once):
        assert await outcome_of(queue, "a", 21) == clip_of(order("a", 21))


async def test_a_blocked_event_loop_does_not_end_the_lease(
    queue: Queue, restartable_redis: RestartableRedis
) -> None:
    handler = BlockingHandler()
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a"))
        await handler.started.wait()
        with redis.Redis.from_url(restartable_redis.url) as client:
            client.pexpire(lease_key("a.1"), 3500)
            block_until(lambda: client.pttl(lease_key("a.1")) > 3500)
        handler.proceed.set()
        await outcome_of(queue, "a")


def block_until(condition: Callable[[], bool]) -> None:
    """Keep the event loop from running, as heavy work would, until the condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
    assert await queue.state("a", 1, "embedded") is AttemptState.RUNNING
    with redis.Redis.from_url(restartable_redis.url) as client:
        assert 0 < client.pttl(lease_key("a.1")) <= LEASE_SECONDS * 1000
        client.delete(lease_key("a.1"))  # as time would
    assert await queue.state("a", 1, "embedded") is AttemptState.LOST
    handler = BlockingHandler()
    handler.proceed.set()
    async with running_worker(restartable_redis.url, handler):
        await queue.put(order("a", 2))
        assert await outcome_of(queue, "a", 2) == clip_of(order("a", 2))
    assert [taken.attempt for taken in handler.orders] == [2]

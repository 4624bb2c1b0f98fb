"""An order reaches a worker at once, and its outcome comes back."""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import AsyncIterator

import pytest
import redis

from storage.domain.clip import Clip, Failure
from storage.domain.errors import Unavailable
from storage.domain.models.served_model import ServedModel
from storage.domain.progress import Progress, Stage
from storage.queue.client import Queue
from storage.queue.keys import EVENTS, WORKER_KEYS, WORKERS, outcome_key, withdrawn_key
from storage.queue.messages.events import Ended, Progressed, Started, write_event
from storage.queue.messages.orders import AttemptState, Order, write_order
from storage.queue.messages.outcomes import write_outcome
from storage.queue.messages.wire import VERSION
from storage.queue.reporter import ProgressReporter
from storage.settings import Settings
from tests.support.queue_worker import (
    BlockingHandler,
    EventRecorder,
    clip_of,
    complete_at_once,
    order,
    outcome_of,
    put_text,
    queued_orders,
    running_worker,
    skip_event,
    until,
)

WEBP = b"RIFF\x04\x00\x00\x00WEBP"


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[Queue]:
    queue = await Queue.connect(redis_url)
    yield queue
    await queue.close()


@pytest.fixture
async def recorder(queue: Queue) -> AsyncIterator[EventRecorder]:
    recorder = await EventRecorder.subscribed(queue)
    yield recorder
    await recorder.close()


async def test_an_order_becomes_a_clip(queue: Queue, redis_url: str) -> None:
    async with running_worker(redis_url, complete_at_once):
        assert await queue.put(order("a"))
        assert await outcome_of(queue, "a") == clip_of(order("a"))
    assert await queue.state("a", 1, "embedded") is AttemptState.ENDED


@pytest.mark.slow  # the time is the test
async def test_an_idle_worker_starts_an_order_within_100_ms(
    queue: Queue, redis_url: str, recorder: EventRecorder
) -> None:
    starts, ends = [], []
    ended_at: dict[str, float] = {}

    async def timed(order: Order, reporter: ProgressReporter) -> Clip | Failure:
        ended_at[order.job] = asyncio.get_running_loop().time()
        return clip_of(order)

    async with running_worker(redis_url, timed):
        await until(queue.workers, 1)
        for number in range(15):
            began = asyncio.get_running_loop().time()
            await queue.put(order(f"j{number}"))
            starts.append((await recorder.next(Started))[0] - began)
            ends.append((await recorder.next(Ended))[0] - ended_at[f"j{number}"])
    assert statistics.median(starts) < 0.1
    assert statistics.median(ends) < 0.1


async def test_orders_are_written_as_json(queue: Queue, redis_url: str) -> None:
    await queue.put(order("a"))
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("arq:job:a.1").startswith(b"{")


async def test_progress_and_previews_are_published(
    queue: Queue, redis_url: str, recorder: EventRecorder
) -> None:
    received = asyncio.Event()

    async def reporting(order: Order, reporter: ProgressReporter) -> Clip | Failure:
        await reporter.progress(Progress(Stage.DENOISING, 3, 8, eta=2.5), WEBP)
        await received.wait()
        return clip_of(order)

    async with running_worker(redis_url, reporting):
        await queue.put(order("a"))
        _, event = await recorder.next(Progressed)
        received.set()
    assert isinstance(event, Progressed)
    assert (event.progress.step, event.progress.steps, event.progress.eta) == (3, 8, 2.5)
    assert event.progress.preview
    assert await queue.preview("a", 1) == WEBP


async def test_the_same_attempt_is_queued_once(queue: Queue) -> None:
    assert await queue.put(order("a"))
    assert not await queue.put(order("a"))
    assert await queued_orders(queue) == 1


async def test_a_new_attempt_withdraws_the_old_one(queue: Queue) -> None:
    await queue.put(order("a", 1))
    assert await queue.put(order("a", 2))
    assert await queued_orders(queue) == 1
    assert await queue.state("a", 1, "embedded") is AttemptState.LOST
    assert await queue.state("a", 2, "embedded") is AttemptState.WAITING


async def test_an_attempt_that_comes_after_a_later_one_is_not_queued(queue: Queue) -> None:
    await queue.put(order("a", 3))
    assert not await queue.put(order("a", 2))
    assert await queued_orders(queue) == 1
    assert await queue.state("a", 2, "embedded") is AttemptState.LOST


async def test_a_worker_leaves_an_attempt_that_was_withdrawn_meanwhile(
    queue: Queue, redis_url: str
) -> None:
    handler = BlockingHandler()
    handler.proceed.set()
    await queue.put(order("a", 1))
    await queue._redis.set(withdrawn_key("a.1"), "1")  # too late to find it on the queue
    async with running_worker(redis_url, handler):
        await queue.put(order("b"))
        await outcome_of(queue, "b")
        await until(lambda: queued_orders(queue), 0)
    assert [one.job for one in handler.orders] == ["b"]


async def test_a_new_attempt_runs_while_the_old_one_still_holds_a_worker(
    queue: Queue, redis_url: str
) -> None:
    stuck = BlockingHandler()
    async with running_worker(redis_url, stuck, name="stuck"):
        await queue.put(order("a", 1))
        await stuck.started.wait()
        async with running_worker(redis_url, complete_at_once, name="other"):
            assert await queue.put(order("a", 2))
            assert await outcome_of(queue, "a", 2) == clip_of(order("a", 2))
        stuck.proceed.set()
        assert await outcome_of(queue, "a", 1) == clip_of(order("a", 1))


async def test_a_finished_attempt_is_not_made_again(queue: Queue, redis_url: str) -> None:
    handler = BlockingHandler()
    handler.proceed.set()
    async with running_worker(redis_url, handler):
        await queue.put(order("a"))
        await outcome_of(queue, "a")
        assert not await queue.put(order("a"))
    assert len(handler.orders) == 1


async def test_one_worker_takes_one_job_at_a_time(
    queue: Queue, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, skipped = BlockingHandler(), skip_event(monkeypatch)
    async with running_worker(redis_url, handler):
        await queue.put(order("a"))
        await queue.put(order("b"))
        await handler.started.wait()
        await skipped.wait()
        assert await queue.state("a", 1, "embedded") is AttemptState.RUNNING
        assert await queue.state("b", 1, "embedded") is AttemptState.WAITING
        assert await queued_orders(queue) == 1
        handler.proceed.set()
        await outcome_of(queue, "b")


async def test_workers_are_counted_by_their_own_heartbeats(queue: Queue, redis_url: str) -> None:
    assert await queue.workers() == 0
    async with (
        running_worker(redis_url, complete_at_once, name="one"),
        running_worker(redis_url, complete_at_once, name="two"),
    ):
        await until(queue.workers, 2)
        [key, *_] = await queue._redis.keys(WORKERS + "one:*")

        async def without_one() -> int:
            await queue._redis.delete(key)  # until it is renewed, which may be at once
            return await queue.workers()

        await until(without_one, 1)
        await until(queue.workers, 2)
    assert await queue.workers() == 0
    assert await queue._redis.exists(WORKER_KEYS) == 0


async def test_a_worker_announces_what_it_serves(queue: Queue, redis_url: str) -> None:
    served = Settings().served()
    assert (served.name, served.source) == ("embedded", "embedded")
    async with running_worker(redis_url, complete_at_once, name="one"):
        await until(queue.served_models, {served: 1})
        # One of an earlier release tells the model's name alone.
        async with queue._redis.pipeline() as pipe:
            pipe.set(WORKERS + "old", "embedded")
            pipe.sadd(WORKER_KEYS, WORKERS + "old")
            await pipe.execute()
        assert await queue.served_models() == {served: 1, ServedModel("embedded"): 1}
        assert await queue.workers_by_model() == {"embedded": 2}


async def test_two_workers_of_one_name_are_two(queue: Queue, redis_url: str) -> None:
    async with running_worker(redis_url, complete_at_once, name="gpu"):
        async with running_worker(redis_url, complete_at_once, name="gpu"):
            await until(queue.workers, 2)
        await until(queue.workers, 1)
    assert await queue.workers() == 0


async def test_an_unreadable_order_fails_for_good(queue: Queue, redis_url: str) -> None:
    text = json.dumps({"version": VERSION, "job": 1})
    await put_text(queue, "odd.1", text)
    async with running_worker(redis_url, complete_at_once):
        assert await outcome_of(queue, "odd") == Failure("failed_order_unreadable")


async def test_an_order_of_another_version_may_be_made_by_another_worker(
    queue: Queue, redis_url: str
) -> None:
    text = json.dumps(json.loads(write_order(order("new"))) | {"version": VERSION + 1})
    await put_text(queue, "new.1", text)
    versions = (("order", str(VERSION + 1)), ("worker", str(VERSION)))
    async with running_worker(redis_url, complete_at_once):
        assert await outcome_of(queue, "new") == Failure("failed_order_version", versions, True)


async def test_an_outcome_of_another_version_is_not_read(queue: Queue, redis_url: str) -> None:
    text = json.dumps(json.loads(write_outcome(clip_of(order("a")))) | {"version": VERSION + 1})
    with redis.Redis.from_url(redis_url) as client:
        client.set(outcome_key("a.1"), text)
    versions = (("outcome", str(VERSION + 1)), ("bot", str(VERSION)))
    assert await queue.outcome("a", 1) == Failure("failed_outcome_version", versions, True)


async def test_an_event_of_another_version_is_logged_once_and_skipped(
    queue: Queue, recorder: EventRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    newer = json.loads(write_event(Ended("newer", 1))) | {"version": VERSION + 1}
    for text in (json.dumps(newer), json.dumps(newer), write_event(Ended("own", 1))):
        await queue._redis.publish(EVENTS, text)
    assert (await recorder.next(Ended))[1].job == "own"
    assert caplog.text.count(f"version {VERSION + 1}, where this release reads") == 1


async def test_an_unreadable_outcome_may_be_retried(queue: Queue, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(outcome_key("a.1"), b"\x80\x04pickle")
    outcome = await queue.outcome("a", 1)
    assert isinstance(outcome, Failure)
    assert outcome.retryable


async def test_a_handler_that_raises_may_be_retried(queue: Queue, redis_url: str) -> None:
    async def broken(order: Order, reporter: ProgressReporter) -> Clip | Failure:
        raise RuntimeError("broken")

    async with running_worker(redis_url, broken):
        await queue.put(order("a"))
        assert await outcome_of(queue, "a") == Failure("failed_worker_error", retryable=True)


async def test_without_redis_every_call_raises_unavailable() -> None:
    queue = await Queue.connect("unix:///nowhere/redis.sock?db=0")
    for call in (
        queue.put(order("a", 2)),
        queue.state("a", 1, "embedded"),
        queue.outcome("a", 1),
        queue.preview("a", 1),
        queue.cancel("a"),
        queue.workers(),
    ):
        with pytest.raises(Unavailable) as caught:
            await call
        assert caught.value.key == "unavailable_queue"
    await queue.close()

"""The workers' end of the queue: an arq worker inside what arq lacks.

arq dispatches and nothing more. An order leaves arq's queue the moment it is taken, so that arq
never runs one again by itself: the lease and the bot's reconciler are the only retry. The handler
runs outside of arq's own task, so that a Redis that goes away ends neither it nor the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from arq.worker import Worker, func
from redis.exceptions import ResponseError

from storage.codec import CodecError
from storage.domain.clip import Failure
from storage.domain.cost.bill import WorkerLife
from storage.domain.models.served_model import ServedModel
from storage.logs import log_job
from storage.queue.connection import (
    CONNECTION_ERRORS,
    RECONNECT_SECONDS,
    connect_redis,
    write_json,
)
from storage.queue.heartbeat import Heartbeat
from storage.queue.keys import CANCELS, TASK, cancel_key, queue_key
from storage.queue.lease import Handler, LeasedOrder, deliver
from storage.queue.messages.orders import read_order
from storage.queue.messages.wire import VERSION, WrongVersion
from storage.queue.reporter import ProgressReporter
from storage.queue.slots import Capacity, SlotQueue
from storage.settings import Settings

log = logging.getLogger(__name__)

ATTEMPT = re.compile(rb"[ -~]{1,64}\.[0-9]{1,7}")  # an id that attempt_id() gives
MAX_ORDERS = 4  # one has the engine, one waits for it, and two are encoded and stored
HEAD_START_SECONDS = 0.25  # an idle worker takes an order within this, several times over
POLL_SECONDS = 0.03  # an order waits half of this on average before an idle worker takes it
CLAIM_SECONDS = 10.0  # how long arq's claim keeps others off until the lease is there
READ_LIMIT = 1000  # orders that others hold must not hide the next free one
STOP_SECONDS = 5.0  # what a handler gets to stop once it was asked to
STABLE_SECONDS = 5.0  # a connection that lasted so long was a good one
MAX_PAUSE_SECONDS = 2.0  # between two tries while Redis is away


async def serve(
    handler: Handler,
    settings: Settings,
    name: str,
    stop: asyncio.Event,
    *,
    grace: float = 0.0,
    life: Callable[[], WorkerLife] | None = None,
) -> None:
    """Work on orders for the settings' model until stop is set.

    One has the engine, others are prepared or encoded; a handler that never releases its reporter's
    slot works on one order at a time. A stop hands orders back that wait for the engine, lets the
    others go on for grace seconds, and then hands them back too. life returns what the worker is to
    be billed for, if it is.
    """
    logging.getLogger("arq.worker").setLevel(logging.ERROR)  # its info lines hold people's prompts
    consumer = Consumer(
        handler, settings.redis_url, name, stop, served=settings.served(), life=life
    )
    await consumer.run(grace)


class ArqWorker(Worker):
    """Takes one order at a time, and only while the consumer has capacity.

    With SPARE capacity it takes only what no idle worker wants: an order that has been on the queue
    for longer than the head start has found every worker busy.
    """

    _NO_LIMIT = MAX_ORDERS + 1  # arq's own bound on its tasks, never reached

    def __init__(
        self,
        on_order: Callable[..., Awaitable[None]],
        capacity: Callable[[], Capacity],
        **options: Any,
    ) -> None:
        """Call on_order with arq's context and arguments for every order that is taken."""
        self._on_order = on_order
        self._capacity = capacity
        self._taking: asyncio.Task[Any] | None = None
        self._first_seen: dict[bytes, float] = {}
        super().__init__(
            functions=[func(self._enter, name=TASK)], max_jobs=self._NO_LIMIT, **options
        )

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Take the first of these orders that may be taken and that no other worker holds."""
        eligible = self._eligible(await self._readable(job_ids))
        if not eligible:
            return
        before, self.max_jobs = set(self.tasks), self.job_counter + 1
        try:
            await super().start_jobs(eligible)
        finally:
            self.max_jobs = self._NO_LIMIT
        self._taking = next((self.tasks[name] for name in self.tasks if name not in before), None)

    async def run_job(self, job_id: str, score: int) -> None:
        """Run one order; what is wrong with it alone ends it, and not the worker."""
        try:
            await super().run_job(job_id, score)
        except Exception as error:
            if isinstance(error, CONNECTION_ERRORS) and not isinstance(error, ResponseError):
                raise
            log.error("the order %.80a is taken off the queue: %r", job_id, error)
            await self.pool.zrem(self.queue_name, job_id)

    async def _readable(self, job_ids: list[bytes]) -> list[bytes]:
        """Return the ids that a bot may have written; take the others off the queue."""
        odd = [name for name in job_ids if not ATTEMPT.fullmatch(name)]
        if not odd:
            return job_ids
        log.error("%d entries are no orders and are taken off the queue: %.80r", len(odd), odd[0])
        await self.pool.zrem(self.queue_name, *odd)
        return [name for name in job_ids if name not in odd]

    def _eligible(self, job_ids: list[bytes]) -> list[bytes]:
        now = time.monotonic()
        self._first_seen = {name: self._first_seen.get(name, now) for name in job_ids}
        if self._taking is not None and not self._taking.done():
            return []  # the order that was taken last is not counted in the capacity yet
        capacity = self._capacity()
        if capacity is Capacity.FREE:
            return job_ids
        if capacity is Capacity.NONE:
            return []
        return [name for name in job_ids if now - self._first_seen[name] >= HEAD_START_SECONDS]

    async def _enter(self, *args: Any, **kwargs: Any) -> None:
        entered = self._on_order(*args, **kwargs)
        self._taking = None
        await entered


class Consumer:
    """One worker's connection to the queue, with all the orders that it holds."""

    def __init__(
        self,
        handler: Handler,
        url: str,
        name: str,
        stop: asyncio.Event,
        *,
        served: ServedModel,
        life: Callable[[], WorkerLife] | None = None,
    ) -> None:
        """Prepare to take the orders for what is served; nothing is connected yet."""
        self._handler = handler
        self._redis = connect_redis(url)
        self._heartbeat = Heartbeat(url, name, served, life)
        self._queue = queue_key(served.name)
        self._name = name
        self._stop = stop
        self._slots = SlotQueue()
        self._held: dict[asyncio.Task[None], LeasedOrder] = {}

    async def run(self, grace: float) -> None:
        """Serve until stopped, through any outage of Redis."""
        self._heartbeat.start()
        listener = asyncio.create_task(self._watch_cancels())
        pause = RECONNECT_SECONDS
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                error = await self._poll()
                if time.monotonic() - began > STABLE_SECONDS:
                    pause = RECONNECT_SECONDS
                if error is not None:
                    level = logging.WARNING if pause == RECONNECT_SECONDS else logging.DEBUG
                    log.log(level, "the queue is away, trying until it is back: %s", error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)
                pause = min(pause * 1.5, MAX_PAUSE_SECONDS)
            await self._shut_down(grace)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
            await asyncio.to_thread(self._heartbeat.stop)
            await self._redis.aclose(close_connection_pool=True)

    async def _poll(self) -> Exception | None:
        """Let arq take orders until the stop, or until Redis is away; return what ended it."""
        worker = ArqWorker(
            self._on_order,
            self._capacity,
            redis_pool=self._redis,
            queue_name=self._queue,
            poll_delay=POLL_SECONDS,
            queue_read_limit=READ_LIMIT,
            keep_result=0,
            handle_signals=False,
            log_results=False,
            job_timeout=10 * 365 * 24 * 3600,  # a job is cancelled by its flag, never by arq
            health_check_key=f"{self._queue}:{self._name}",
            job_serializer=write_json,
            job_deserializer=json.loads,
        )
        worker.in_progress_timeout_s = CLAIM_SECONDS
        main = asyncio.create_task(worker.async_run())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({main, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (main, stopped, *worker.tasks.values()):
            task.cancel()
        ends = await asyncio.gather(main, stopped, *worker.tasks.values(), return_exceptions=True)
        return ends[0] if isinstance(ends[0], Exception) else None

    async def _shut_down(self, grace: float) -> None:
        """Hand back what waits, wait for the rest, and hand that back after the grace."""
        for held in self._held.values():
            if held.waiting:
                held.hand_back()
        await self._wait(grace)
        for held in self._held.values():
            held.hand_back()
        await self._wait(STOP_SECONDS)
        for held in self._held.values():
            held.abort()
        await self._wait(None)

    async def _wait(self, seconds: float | None) -> None:
        """Wait until no order is held any more, but not for longer than this."""
        if self._held:
            await asyncio.wait([*self._held], timeout=seconds)

    def _capacity(self) -> Capacity:
        """Return what may be taken now: nothing once the worker is to stop."""
        if self._stop.is_set() or len(self._held) >= MAX_ORDERS:
            return Capacity.NONE
        return self._slots.capacity()

    async def _on_order(self, ctx: dict[Any, Any], *args: Any, **_: Any) -> None:
        """Take one order over from arq, whose own task may end before the order does."""
        try:
            order = read_order(args[0] if args else None)
        except CodecError as error:
            job, _dot, attempt = ctx["job_id"].rpartition(".")
            with log_job(job):
                log.error("the order of attempt %s could not be read: %s", attempt, error)
                await deliver(self._redis, self._stop, job, int(attempt), _unreadable(error))
            return
        if any(held.order.id == order.id for held in self._held.values()):
            await self._redis.zrem(order.queue, order.id)  # Redis was restored from older data
            return
        reporter = ProgressReporter(self._redis, order, self._name, self._slots)
        held = LeasedOrder(self._redis, order, reporter, self._name, self._stop)
        task = asyncio.create_task(held.run(self._handler, self._heartbeat))
        self._held[task] = held
        task.add_done_callback(self._held.pop)
        await asyncio.shield(task)

    async def _watch_cancels(self) -> None:
        """Cancel orders, at once by the channel and within a second by the flag."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CANCELS)
                    while True:
                        message = await channel.get_message(timeout=1.0)
                        name = message["data"].decode(errors="replace") if message else None
                        await self._apply_cancels(name)
            except CONNECTION_ERRORS:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _apply_cancels(self, name: str | None) -> None:
        """Cancel the orders of this job, and those whose cancel flag is set.

        The name or flag of an attempt lets that one be handed back.
        """
        held = [*self._held.values()]
        if not held:
            return
        jobs = await self._redis.mget(cancel_key(one.order.job) for one in held)
        attempts = await self._redis.mget(cancel_key(one.order.id) for one in held)
        for one, cancelled, returned in zip(held, jobs, attempts, strict=True):
            if cancelled or one.order.job == name:
                one.reporter.cancelled.set()
            elif returned or one.order.id == name:
                one.hand_back()


def _unreadable(error: CodecError) -> Failure:
    if isinstance(error, WrongVersion):
        versions = (("order", error.found), ("worker", str(VERSION)))
        return Failure("failed_order_version", versions, retryable=True)
    return Failure("failed_order_unreadable")

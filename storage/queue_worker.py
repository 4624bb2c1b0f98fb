"""Queue worker: the workers' end of the wire, a bare arq worker inside what arq lacks.

arq dispatches and nothing more. An order leaves its queue the moment it is taken, so that arq
never runs one again by itself: the lease and the bot's reconciler are the only retry. The work
goes on outside of arq's own task, so that a Redis that goes away ends neither it nor the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from arq.worker import Worker, func

from storage.codec import CodecError, loads
from storage.domain.clip import Clip, Failure
from storage.orders import (
    CANCELS,
    EVENTS,
    HANDED_BACK,
    LEASE_SECONDS,
    OUTCOME_SECONDS,
    QUEUE,
    TASK,
    Ended,
    Order,
    Started,
    attempt_id,
    cancel_key,
    lease_key,
    outcome_key,
    write_event,
    write_outcome,
)
from storage.queue import AWAY, RECONNECT_SECONDS, connect_redis, write_json
from storage.queue_pulse import Pulse
from storage.queue_report import Report
from storage.settings import Settings

__all__ = ["Handler", "Order", "Report", "serve"]

log = logging.getLogger(__name__)

Handler = Callable[[Order, Report], Awaitable[Clip | Failure]]

POLL_SECONDS = 0.03  # an order waits half of this on average before an idle worker takes it
CLAIM_SECONDS = 10.0  # how long arq's claim keeps others off until the lease is there
READ_LIMIT = 1000  # orders that others hold must not hide the next free one
HEED_SECONDS = 5.0  # what a handler gets to stop once it was told to
STEADY_SECONDS = 5.0  # a connection that lasted so long was a good one
PATIENCE_SECONDS = 2.0  # the longest pause between tries while Redis is away
LAST_WORDS_SECONDS = 5.0  # what a stopping worker spends on a Redis that is away


async def serve(
    handler: Handler, settings: Settings, name: str, stop: asyncio.Event, grace: float = 0.0
) -> None:
    """Work on orders one at a time until stop is set.

    A stop lets the job at hand go on for grace seconds, then hands it back for another attempt.
    """
    logging.getLogger("arq.worker").setLevel(logging.ERROR)  # its info lines hold people's prompts
    await Station(handler, settings.redis_url, name, stop).run(grace)


class Station:
    """One worker's place at the queue: at most one job at a time."""

    def __init__(self, handler: Handler, url: str, name: str, stop: asyncio.Event) -> None:
        """Prepare to serve; nothing is connected yet."""
        self._handler = handler
        self._redis = connect_redis(url)
        self._pulse = Pulse(url, name)
        self._name = name
        self._stop = stop
        self._job: asyncio.Task[None] | None = None
        self._handling: asyncio.Task[Clip | Failure] | None = None
        self._at_hand: tuple[str, Report] | None = None
        self._leaving = False

    async def run(self, grace: float) -> None:
        """Serve until stopped, whatever becomes of Redis meanwhile."""
        self._pulse.start()
        listener = asyncio.create_task(self._listen())
        pause = RECONNECT_SECONDS
        try:
            while not self._stop.is_set():
                began = time.monotonic()
                error = await self._poll()
                if time.monotonic() - began > STEADY_SECONDS:
                    pause = RECONNECT_SECONDS
                if error is not None:
                    level = logging.WARNING if pause == RECONNECT_SECONDS else logging.DEBUG
                    log.log(level, "the queue is away, trying until it is back: %s", error)
                await self._settle(grace)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)
                pause = min(pause * 1.5, PATIENCE_SECONDS)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
            await asyncio.to_thread(self._pulse.stop)
            await self._redis.aclose(close_connection_pool=True)

    async def _poll(self) -> Exception | None:
        """Let arq take orders until the stop, or until Redis is away; return what ended it."""
        worker = Worker(
            functions=[func(self._entry, name=TASK)],
            redis_pool=self._redis,
            queue_name=QUEUE,
            max_jobs=1,
            poll_delay=POLL_SECONDS,
            queue_read_limit=READ_LIMIT,
            keep_result=0,
            handle_signals=False,
            log_results=False,
            job_timeout=10 * 365 * 24 * 3600,  # a job is cancelled by its flag, never by arq
            health_check_key=f"{QUEUE}:{self._name}",
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

    async def _settle(self, grace: float) -> None:
        """Wait for the job at hand, if any; once stopped, hand it back after the grace."""
        job = self._job
        if job is None:
            return
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({job, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        await asyncio.wait({job}, timeout=grace)
        if not job.done() and self._at_hand is not None:
            self._leaving = True
            self._at_hand[1].on_cancel.set()
            await asyncio.wait({job}, timeout=HEED_SECONDS)
        if not job.done() and self._handling is not None:
            self._handling.cancel()
        await job

    async def _entry(self, ctx: dict[Any, Any], *words: Any, **_: Any) -> None:
        """Take one order from arq's hands; arq's own task may end before the job does."""
        try:
            order = loads(Order, words[0])
        except CodecError as error:
            log.error("order %s could not be read: %s", ctx["job_id"], error)
            job, _dot, attempt = ctx["job_id"].rpartition(".")
            await self._deliver(job, int(attempt), Failure("failed_order_unreadable"))
            return
        self._job = asyncio.create_task(self._work(order))
        await asyncio.shield(self._job)

    async def _work(self, order: Order) -> None:
        report = Report(self._redis, order)
        self._at_hand = (order.job, report)
        self._pulse.hold(lease_key(order.id))
        sender = asyncio.create_task(report.send())
        try:
            if await self._begin(order, report):
                outcome = await self._outcome(order, report)
                await self._deliver(order.job, order.attempt, outcome)
        except AWAY as error:
            log.warning("order %s was lost on its way: %s", order.id, error)
        finally:
            sender.cancel()
            self._pulse.drop(lease_key(order.id))
            self._at_hand = self._handling = None

    async def _begin(self, order: Order, report: Report) -> bool:
        """Move the order from the queue to its lease; False if it has an outcome already."""
        done, cancelled = await self._redis.mget(outcome_key(order.id), cancel_key(order.job))
        if cancelled:
            report.on_cancel.set()
        started = Started(order.job, order.attempt, self._name, time.time())
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(QUEUE, order.id)
            if done:
                pipe.publish(EVENTS, write_event(Ended(order.job, order.attempt)))
            else:
                pipe.set(lease_key(order.id), self._name, px=int(LEASE_SECONDS * 1000))
                pipe.publish(EVENTS, write_event(started))
            await pipe.execute()
        return not done

    async def _outcome(self, order: Order, report: Report) -> Clip | Failure:
        if report.cancelled():
            return Failure("failed_cancelled", cancelled=True)
        self._handling = asyncio.ensure_future(self._handler(order, report))
        await asyncio.wait({self._handling})
        if not self._handling.cancelled() and (error := self._handling.exception()) is not None:
            log.error("the handler failed on order %s", order.id, exc_info=error)
            return Failure("failed_worker_error", retryable=True)
        outcome = None if self._handling.cancelled() else self._handling.result()
        if isinstance(outcome, Clip) or (outcome is not None and not self._leaving):
            return outcome
        return HANDED_BACK

    async def _deliver(self, job: str, attempt: int, outcome: Clip | Failure) -> None:
        """Put the outcome where the bot finds it, as soon as Redis is there."""
        began, identity = time.monotonic(), attempt_id(job, attempt)
        while True:
            try:
                async with self._redis.pipeline(transaction=True) as pipe:
                    pipe.set(outcome_key(identity), write_outcome(outcome), ex=OUTCOME_SECONDS)
                    pipe.delete(lease_key(identity))
                    pipe.publish(EVENTS, write_event(Ended(job, attempt)))
                    await pipe.execute()
                    return
            except AWAY:
                if self._stop.is_set() and time.monotonic() - began > LAST_WORDS_SECONDS:
                    raise
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        """Hear of cancelled jobs, at once over the channel and within a second by the flag."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CANCELS)
                    while True:
                        message = await channel.get_message(timeout=1.0)
                        await self._heed(message["data"].decode() if message else None)
            except AWAY:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _heed(self, cancelled: str | None) -> None:
        if self._at_hand is None:
            return
        job, report = self._at_hand
        if cancelled == job or await self._redis.exists(cancel_key(job)):
            report.on_cancel.set()

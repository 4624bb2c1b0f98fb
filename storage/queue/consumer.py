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
from typing import Any

from storage.codec import CodecError, loads
from storage.domain.clip import Failure
from storage.queue.client import AWAY, RECONNECT_SECONDS, connect_redis, write_json
from storage.queue.heartbeat import Pulse
from storage.queue.lease import Handler, Held, deliver
from storage.queue.messages import CANCELS, QUEUE, Order, cancel_key
from storage.queue.picker import HELD_AT_MOST, Picker
from storage.queue.reporter import Report
from storage.queue.slots import Room, Turns
from storage.settings import Settings

__all__ = ["Handler", "Order", "Report", "serve"]

log = logging.getLogger(__name__)

POLL_SECONDS = 0.03  # an order waits half of this on average before an idle worker takes it
CLAIM_SECONDS = 10.0  # how long arq's claim keeps others off until the lease is there
READ_LIMIT = 1000  # orders that others hold must not hide the next free one
HEED_SECONDS = 5.0  # what a handler gets to stop once it was told to
STEADY_SECONDS = 5.0  # a connection that lasted so long was a good one
PATIENCE_SECONDS = 2.0  # the longest pause between tries while Redis is away


async def serve(
    handler: Handler,
    settings: Settings,
    name: str,
    stop: asyncio.Event,
    grace: float = 0.0,
) -> None:
    """Work on orders until stop is set: one has its turn, others may be made ready or finished.

    A handler that never speaks of its report's turn works on one order at a time. A stop hands
    orders back whose turn has not come, lets the others go on for grace seconds, and then hands
    them back too.
    """
    logging.getLogger("arq.worker").setLevel(logging.ERROR)  # its info lines hold people's prompts
    await Station(handler, settings.redis_url, name, stop).run(grace)


class Station:
    """One worker's place at the queue, with all the orders that it holds."""

    def __init__(self, handler: Handler, url: str, name: str, stop: asyncio.Event) -> None:
        """Prepare to serve; nothing is connected yet."""
        self._handler = handler
        self._redis = connect_redis(url)
        self._pulse = Pulse(url, name)
        self._name = name
        self._stop = stop
        self._turns = Turns()
        self._held: dict[asyncio.Task[None], Held] = {}

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
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), pause)
                pause = min(pause * 1.5, PATIENCE_SECONDS)
            await self._settle(grace)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
            await asyncio.to_thread(self._pulse.stop)
            await self._redis.aclose(close_connection_pool=True)

    async def _poll(self) -> Exception | None:
        """Let arq take orders until the stop, or until Redis is away; return what ended it."""
        worker = Picker(
            self._entry,
            self._room,
            redis_pool=self._redis,
            queue_name=QUEUE,
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
        """Give up what has not begun, wait for the rest, and hand that back after the grace."""
        for held in self._held.values():
            if held.waits:
                held.hand_back()
        await self._wait(grace)
        for held in self._held.values():
            held.hand_back()
        await self._wait(HEED_SECONDS)
        for held in self._held.values():
            held.abandon()
        await self._wait(None)

    async def _wait(self, seconds: float | None) -> None:
        """Wait until no order is held any more, but not for longer than this."""
        if self._held:
            await asyncio.wait([*self._held], timeout=seconds)

    def _room(self) -> Room:
        """Tell what may be taken now; a worker that stops takes nothing more."""
        if self._stop.is_set() or len(self._held) >= HELD_AT_MOST:
            return Room.NONE
        return self._turns.room()

    async def _entry(self, ctx: dict[Any, Any], *words: Any, **_: Any) -> None:
        """Take one order from arq's hands; arq's own task may end before the job does."""
        try:
            order = loads(Order, words[0])
        except CodecError as error:
            log.error("order %s could not be read: %s", ctx["job_id"], error)
            job, _dot, attempt = ctx["job_id"].rpartition(".")
            failure = Failure("failed_order_unreadable")
            await deliver(self._redis, self._stop, job, int(attempt), failure)
            return
        if any(held.order.id == order.id for held in self._held.values()):
            await self._redis.zrem(QUEUE, order.id)  # a Redis that came back with old data
            return
        report = Report(self._redis, order, self._name, self._turns)
        held = Held(self._redis, order, report, self._name, self._stop)
        task = asyncio.create_task(held.work(self._handler, self._pulse))
        self._held[task] = held
        task.add_done_callback(self._held.pop)
        await asyncio.shield(task)

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
        held = [*self._held.values()]
        if not held:
            return
        flags = await self._redis.mget(cancel_key(one.order.job) for one in held)
        for one, flag in zip(held, flags, strict=True):
            if flag or one.order.job == cancelled:
                one.report.on_cancel.set()

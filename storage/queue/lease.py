"""Held: one order in a worker's hands, from its lease to its delivered outcome."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from arq.connections import ArqRedis

from storage.domain.clip import Clip, Failure
from storage.queue.client import AWAY, RECONNECT_SECONDS
from storage.queue.heartbeat import Pulse
from storage.queue.messages import (
    EVENTS,
    HANDED_BACK,
    LEASE_SECONDS,
    OUTCOME_SECONDS,
    QUEUE,
    Ended,
    Order,
    attempt_id,
    cancel_key,
    lease_key,
    outcome_key,
    write_event,
    write_outcome,
)
from storage.queue.reporter import Report

log = logging.getLogger(__name__)

Handler = Callable[[Order, Report], Awaitable[Clip | Failure]]

LAST_WORDS_SECONDS = 5.0  # what a stopping worker spends on a Redis that is away


class Held:
    """An order that this worker has taken; `work` sees it through."""

    def __init__(
        self, redis: ArqRedis, order: Order, report: Report, worker: str, stop: asyncio.Event
    ) -> None:
        """Take the order; stop is set when the worker is to end."""
        self._redis = redis
        self._worker = worker
        self._stop = stop
        self._handling: asyncio.Future[Clip | Failure] | None = None
        self._leaving = False
        self.order = order
        self.report = report

    @property
    def waits(self) -> bool:
        """Tell whether its turn at the engine is still to come."""
        return not self.report.turn.come.is_set()

    def hand_back(self) -> None:
        """Ask the handler to stop, so that another worker makes the clip."""
        self._leaving = True
        self.report.on_cancel.set()

    def abandon(self) -> None:
        """End a handler that did not heed its wish to stop."""
        if self._handling is not None:
            self._handling.cancel()

    async def work(self, handler: Handler, pulse: Pulse) -> None:
        """Keep the lease, let the handler work, and deliver what comes out."""
        order, report = self.order, self.report
        pulse.hold(lease_key(order.id))
        try:
            if await self._begin():
                outcome = await self._told(handler)
                await deliver(self._redis, self._stop, order.job, order.attempt, outcome)
        except AWAY as error:
            log.warning("order %s was lost on its way: %s", order.id, error)
        finally:
            report.turn.over()
            pulse.drop(lease_key(order.id))

    async def _begin(self) -> bool:
        """Move the order from the queue to its lease; False if it has an outcome already."""
        order, report = self.order, self.report
        done, cancelled = await self._redis.mget(outcome_key(order.id), cancel_key(order.job))
        if cancelled:
            report.on_cancel.set()
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(QUEUE, order.id)
            if done:
                pipe.publish(EVENTS, write_event(Ended(order.job, order.attempt)))
            else:
                pipe.set(lease_key(order.id), self._worker, px=int(LEASE_SECONDS * 1000))
                if report.started is not None:
                    pipe.publish(EVENTS, write_event(report.started))
            answers = await pipe.execute()
        if not done and report.started is not None:
            report.started_told(answers[-1])
        return not done

    async def _told(self, handler: Handler) -> Clip | Failure:
        """Let the handler work, and send what it tells until it ends."""
        sender = asyncio.create_task(self.report.send())
        try:
            return await self._outcome(handler)
        finally:
            sender.cancel()  # what is still to be told would come after the end
            await asyncio.gather(sender, return_exceptions=True)

    async def _outcome(self, handler: Handler) -> Clip | Failure:
        if self.report.cancelled():
            return HANDED_BACK if self._leaving else Failure("failed_cancelled", cancelled=True)
        self._handling = asyncio.ensure_future(handler(self.order, self.report))
        await asyncio.wait({self._handling})
        self.report.turn.over()
        if not self._handling.cancelled() and (error := self._handling.exception()) is not None:
            log.error("the handler failed on order %s", self.order.id, exc_info=error)
            return Failure("failed_worker_error", retryable=True)
        outcome = None if self._handling.cancelled() else self._handling.result()
        if isinstance(outcome, Clip) or (outcome is not None and not self._leaving):
            return outcome
        return HANDED_BACK


async def deliver(
    redis: ArqRedis, stop: asyncio.Event, job: str, attempt: int, outcome: Clip | Failure
) -> None:
    """Put the outcome where the bot finds it, as soon as Redis is there."""
    began, identity, away = time.monotonic(), attempt_id(job, attempt), False
    while True:
        try:
            async with redis.pipeline(transaction=True) as pipe:
                pipe.set(outcome_key(identity), write_outcome(outcome), ex=OUTCOME_SECONDS)
                pipe.delete(lease_key(identity))
                pipe.publish(EVENTS, write_event(Ended(job, attempt)))
                await pipe.execute()
            break
        except AWAY:
            if stop.is_set() and time.monotonic() - began > LAST_WORDS_SECONDS:
                raise
            away = True
            await asyncio.sleep(RECONNECT_SECONDS)
    if away:  # whoever listens may not have been back yet, either
        await asyncio.sleep(3 * RECONNECT_SECONDS)
        with contextlib.suppress(*AWAY):
            await redis.publish(EVENTS, write_event(Ended(job, attempt)))

"""One order that a worker holds, from its lease to its delivered outcome."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from arq.connections import ArqRedis

from storage.domain.clip import Clip, Failure
from storage.logs import log_job
from storage.queue.connection import CONNECTION_ERRORS, RECONNECT_SECONDS
from storage.queue.heartbeat import Heartbeat
from storage.queue.keys import (
    EVENTS,
    LEASE_SECONDS,
    OUTCOME_SECONDS,
    attempt_id,
    cancel_key,
    lease_key,
    outcome_key,
    withdrawn_key,
)
from storage.queue.messages.events import Ended, write_event
from storage.queue.messages.orders import Order
from storage.queue.messages.outcomes import HANDED_BACK, write_outcome
from storage.queue.reporter import ProgressReporter
from storage.tracing import span

log = logging.getLogger(__name__)

Handler = Callable[[Order, ProgressReporter], Awaitable[Clip | Failure]]

FINAL_DELIVERY_SECONDS = 5.0  # for which a stopping worker retries while Redis is away


class LeasedOrder:
    """An order that this worker has taken; `run` sees it through."""

    def __init__(
        self,
        redis: ArqRedis,
        order: Order,
        reporter: ProgressReporter,
        worker: str,
        stop: asyncio.Event,
    ) -> None:
        """Take the order; stop is set when the worker is to end."""
        self._redis = redis
        self._worker = worker
        self._stop = stop
        self._handling: asyncio.Future[Clip | Failure] | None = None
        self._handed_back = False
        self.order = order
        self.reporter = reporter

    @property
    def waiting(self) -> bool:
        """Tell whether it has not had the engine yet."""
        return not self.reporter.slot.acquired.is_set()

    def hand_back(self) -> None:
        """Ask the handler to stop, so that another worker makes the clip."""
        self._handed_back = True
        self.reporter.cancelled.set()

    def abort(self) -> None:
        """End a handler that did not stop when asked."""
        if self._handling is not None:
            self._handling.cancel()

    async def run(self, handler: Handler, heartbeat: Heartbeat) -> None:
        """Keep the lease, let the handler work, and deliver its outcome."""
        order = self.order
        heartbeat.add(lease_key(order.id))
        with log_job(order.job), span("attempt", order.job):
            try:
                if await self._acquire_lease():
                    log.info("attempt %d begins", order.attempt)
                    outcome = await self._handle_and_report(handler)
                    await deliver(self._redis, self._stop, order.job, order.attempt, outcome)
                    log.info("attempt %d has ended", order.attempt)
            except CONNECTION_ERRORS as error:
                log.warning("the outcome of attempt %d was not delivered: %s", order.attempt, error)
            finally:
                self.reporter.slot.release()
                heartbeat.remove(lease_key(order.id))

    async def _acquire_lease(self) -> bool:
        """Move the order from the queue to its lease.

        Return False if it has an outcome already, or if a later attempt was put in its place.
        """
        order, reporter = self.order, self.reporter
        done, withdrawn, cancelled, returned = await self._redis.mget(
            *(outcome_key(order.id), withdrawn_key(order.id)),
            *(cancel_key(order.job), cancel_key(order.id)),
        )
        if withdrawn and not done:
            log.info("attempt %d was withdrawn", order.attempt)
            await self._redis.zrem(order.queue, order.id)
            return False
        if cancelled:
            reporter.cancelled.set()
        elif returned:
            self.hand_back()
        start = reporter.unreceived_start
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(order.queue, order.id)
            if done:
                pipe.publish(EVENTS, write_event(Ended(order.job, order.attempt)))
            else:
                pipe.set(lease_key(order.id), self._worker, px=int(LEASE_SECONDS * 1000))
                if start is not None:
                    pipe.publish(EVENTS, write_event(start))
            answers = await pipe.execute()
        if not done and start is not None:
            reporter.start_sent(answers[-1])
        return not done

    async def _handle_and_report(self, handler: Handler) -> Clip | Failure:
        """Let the handler work, and send its progress until it ends."""
        reporting = asyncio.create_task(self.reporter.run())
        try:
            return await self._handle(handler)
        finally:
            reporting.cancel()  # progress must not be published after the end
            await asyncio.gather(reporting, return_exceptions=True)

    async def _handle(self, handler: Handler) -> Clip | Failure:
        if self.reporter.cancelled.is_set():
            return HANDED_BACK if self._handed_back else Failure("failed_cancelled", cancelled=True)
        self._handling = asyncio.ensure_future(handler(self.order, self.reporter))
        await asyncio.wait({self._handling})
        self.reporter.slot.release()
        if not self._handling.cancelled() and (error := self._handling.exception()) is not None:
            log.error("the handler of attempt %d failed", self.order.attempt, exc_info=error)
            return Failure("failed_worker_error", retryable=True)
        outcome = None if self._handling.cancelled() else self._handling.result()
        if isinstance(outcome, Clip) or (outcome is not None and not self._handed_back):
            return outcome
        return HANDED_BACK


async def deliver(
    redis: ArqRedis, stop: asyncio.Event, job: str, attempt: int, outcome: Clip | Failure
) -> None:
    """Write the outcome and publish the end, retrying while Redis is away."""
    began, identity, retried = time.monotonic(), attempt_id(job, attempt), False
    while True:
        try:
            async with redis.pipeline(transaction=True) as pipe:
                pipe.set(outcome_key(identity), write_outcome(outcome), ex=OUTCOME_SECONDS)
                pipe.delete(lease_key(identity))
                pipe.publish(EVENTS, write_event(Ended(job, attempt)))
                await pipe.execute()
            break
        except CONNECTION_ERRORS:
            if stop.is_set() and time.monotonic() - began > FINAL_DELIVERY_SECONDS:
                raise
            retried = True
            await asyncio.sleep(RECONNECT_SECONDS)
    if retried:  # the bot may have reconnected later than this worker
        await asyncio.sleep(3 * RECONNECT_SECONDS)
        with contextlib.suppress(*CONNECTION_ERRORS):
            await redis.publish(EVENTS, write_event(Ended(job, attempt)))

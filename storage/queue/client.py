"""Queue: the bot's end of the wire, on arq as a dispatcher and nothing more.

What must not be lost lies in the database; see storage/queue/consumer.py for the other end.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from arq.connections import ArqRedis
from arq.constants import job_key_prefix
from redis.exceptions import RedisError

from storage.codec import CodecError, dumps
from storage.domain.clip import Clip, Failure
from storage.domain.errors import Unavailable
from storage.queue.messages import (
    CANCEL_SECONDS,
    CANCELS,
    EVENTS,
    QUEUE,
    TASK,
    WORKERS,
    Ended,
    Event,
    Moved,
    Order,
    Standing,
    Started,
    attempt_id,
    cancel_key,
    lease_key,
    outcome_key,
    preview_key,
    read_event,
    read_outcome,
)

__all__ = ["Ended", "Event", "Moved", "Order", "Queue", "Standing", "Started"]

CLOCK_DIFFERENCE = timedelta(minutes=10)
"""Orders are dated back by this, so that a worker whose clock runs behind takes them at once."""

RECONNECT_SECONDS = 0.2
PATIENCE_SECONDS = 5.0  # what a silent Redis is waited for before it counts as away
AWAY = (RedisError, OSError, asyncio.TimeoutError)


def connect_redis(url: str) -> ArqRedis:
    """Return a client that connects when it is first used and speaks JSON.

    It has no socket_timeout: redis-py would use asyncio.wait_for, which on Python 3.11 may swallow
    a cancellation. Dead peers are found by the kernel instead.
    """
    options: dict[str, Any] = {"socket_connect_timeout": 2, "health_check_interval": 5}
    if not url.startswith("unix:"):
        options |= {"socket_keepalive": True, "socket_keepalive_options": _keepalive()}
    client: ArqRedis = ArqRedis.from_url(url, **options)
    client.job_serializer = write_json
    client.job_deserializer = json.loads
    client.default_queue_name = QUEUE
    return client


def _keepalive() -> dict[int, int]:
    """Return the TCP options by which a connection to nobody ends within about 15 seconds."""
    wanted = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}


def write_json(data: dict[str, Any]) -> bytes:
    """Return what arq wants written, as JSON: pickle would let whoever writes to Redis run code."""
    return json.dumps(data).encode()


class Queue:
    """The orders on their way to the workers; every method raises Unavailable without Redis."""

    def __init__(self, redis: ArqRedis) -> None:
        """Speak through this client."""
        self._redis = redis

    @classmethod
    async def connect(cls, url: str) -> Queue:
        """Return the queue at this url; Redis itself may come later."""
        return cls(connect_redis(url))

    async def put(self, order: Order) -> bool:
        """Queue this attempt and withdraw the earlier ones; False if it was put before."""
        earlier = [attempt_id(order.job, number) for number in range(1, order.attempt)]
        async with _reachable():
            if earlier:
                async with self._redis.pipeline(transaction=True) as pipe:
                    pipe.zrem(QUEUE, *earlier)
                    pipe.delete(*(job_key_prefix + identity for identity in earlier))
                    await pipe.execute()
            if await self._redis.exists(outcome_key(order.id)):
                return False
            queued = await self._redis.enqueue_job(
                TASK,
                dumps(order),
                _job_id=order.id,
                _defer_until=datetime.now(UTC) - CLOCK_DIFFERENCE,
            )
        return queued is not None

    async def standing(self, job: str, attempt: int) -> Standing:
        """Tell what became of an attempt, as far as Redis knows.

        LOST may be said for up to RENEW_SECONDS after Redis was emptied: call an attempt dead
        only when it was LOST twice, that far apart.
        """
        identity = attempt_id(job, attempt)
        async with _reachable(), self._redis.pipeline(transaction=True) as pipe:
            pipe.exists(outcome_key(identity))
            pipe.exists(lease_key(identity))
            pipe.zscore(QUEUE, identity)
            ended, leased, score = await pipe.execute()
        if ended:
            return Standing.ENDED
        if leased:
            return Standing.RUNNING
        return Standing.LOST if score is None else Standing.WAITING

    async def alive(self, job: str, attempt: int) -> bool:
        """Tell whether the attempt waits, runs or has ended: anything but lost."""
        return await self.standing(job, attempt) is not Standing.LOST

    async def outcome(self, job: str, attempt: int) -> Clip | Failure | None:
        """Return how the attempt ended, or None while it has not (or Redis was emptied)."""
        async with _reachable():
            text = await self._redis.get(outcome_key(attempt_id(job, attempt)))
        if text is None:
            return None
        try:
            return read_outcome(text)
        except CodecError:
            return Failure("failed_outcome_unreadable", retryable=True)

    async def preview(self, job: str, attempt: int) -> bytes | None:
        """Return the latest preview (an animated WebP) of an attempt."""
        async with _reachable():
            found: bytes | None = await self._redis.get(preview_key(attempt_id(job, attempt)))
        return found

    async def cancel(self, job: str) -> None:
        """Tell every attempt at this job to stop at its next step."""
        async with _reachable(), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(cancel_key(job), "1", ex=CANCEL_SECONDS)
            pipe.publish(CANCELS, job)
            await pipe.execute()

    async def workers(self) -> int:
        """Return how many workers are alive."""
        async with _reachable():
            return len([key async for key in self._redis.scan_iter(match=WORKERS + "*")])

    async def events(self) -> AsyncIterator[Event]:
        """Yield what workers announce, through any outage; what was missed in one is not told."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(EVENTS)
                    while True:
                        message = await channel.get_message(timeout=5.0)
                        event = _event(message["data"]) if message else None
                        if event is not None:
                            yield event
            except AWAY:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose(close_connection_pool=True)


def _event(data: bytes) -> Event | None:
    """Return the event, or None for what this version does not know."""
    try:
        return read_event(data)
    except CodecError:
        return None


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield
    except AWAY as error:
        raise Unavailable("unavailable_queue") from error

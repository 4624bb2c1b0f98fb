"""The bot's end of the queue, on arq as a dispatcher and nothing more.

What must not be lost is in the database; see storage/queue/consumer.py for the other end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from arq.connections import ArqRedis
from arq.constants import (
    in_progress_key_prefix,
    job_key_prefix,
    result_key_prefix,
    retry_key_prefix,
)
from redis.exceptions import ResponseError

from storage.codec import CodecError
from storage.domain.clip import Clip, Failure
from storage.domain.cost.bill import WorkerLife
from storage.domain.errors import Unavailable
from storage.domain.models.served_model import ServedModel, by_name
from storage.queue.connection import CONNECTION_ERRORS, RECONNECT_SECONDS, connect_redis
from storage.queue.keys import (
    CANCEL_SECONDS,
    CANCELS,
    CHANGES,
    EVENTS,
    FORGOTTEN,
    LIVES,
    STORIES,
    TASK,
    WITHDRAWN_SECONDS,
    WORKER_KEYS,
    attempt_id,
    cancel_key,
    lease_key,
    life_key,
    outcome_key,
    preview_key,
    queue_key,
    withdrawn_key,
    worker_key,
)
from storage.queue.messages.events import (
    Changed,
    Event,
    Forgotten,
    read_change,
    read_event,
    read_forgotten,
    write_change,
    write_forgotten,
)
from storage.queue.messages.orders import AttemptState, Order, write_order
from storage.queue.messages.outcomes import FinishedSegment, read_outcome
from storage.queue.messages.wire import VERSION, WrongVersion
from storage.queue.messages.worker_life import OFFER_LIMIT, read_life, read_served
from storage.queue.segments import SegmentTable

CLOCK_DIFFERENCE = timedelta(minutes=10)
"""Orders are dated back by this, so that a worker whose clock runs behind takes them at once."""

ARQ_STATE = (in_progress_key_prefix, result_key_prefix, retry_key_prefix)
PREVIEW_BYTES = 2 * 2**20  # what is larger is no preview
TIMEOUT_SECONDS = 5.0  # after which a Redis that does not answer counts as away

Message = TypeVar("Message")

log = logging.getLogger(__name__)


class WrongKeyType(Unavailable):
    """A key holds another type of Redis than it should."""


class Queue:
    """The orders on their way to the workers; every method raises Unavailable without Redis."""

    def __init__(self, redis: ArqRedis) -> None:
        """Send and receive through this client."""
        self._redis = redis
        self._segments = SegmentTable(redis)
        self.unreadable_events = 0

    @classmethod
    async def connect(cls, url: str) -> Queue:
        """Return the queue at this url; Redis itself may come later."""
        return cls(connect_redis(url))

    async def put(self, order: Order) -> bool:
        """Queue this attempt and withdraw the earlier ones; False if it was put before.

        Also if a later attempt was put: a bot that stood still may come with its own too late.
        """
        earlier = [attempt_id(order.job, number) for number in range(1, order.attempt)]
        async with self._translated(order.queue):
            if earlier:
                async with self._redis.pipeline(transaction=True) as pipe:
                    for identity in earlier:
                        pipe.set(withdrawn_key(identity), "1", ex=WITHDRAWN_SECONDS)
                    pipe.zrem(order.queue, *earlier)
                    pipe.delete(*(job_key_prefix + identity for identity in earlier))
                    await pipe.execute()
            if await self._redis.exists(outcome_key(order.id), withdrawn_key(order.id)):
                return False
            # Nobody can have taken it yet: a claim without an end would keep it from all workers.
            await self._redis.delete(*(prefix + order.id for prefix in ARQ_STATE))
            queued = await self._redis.enqueue_job(
                TASK,
                write_order(order),
                _job_id=order.id,
                _queue_name=order.queue,
                _defer_until=datetime.now(UTC) - CLOCK_DIFFERENCE,
            )
        return queued is not None

    async def state(self, job: str, attempt: int, model: str) -> AttemptState:
        """Return the state of an attempt at a job for this model, as far as Redis knows.

        It may be LOST for up to RENEW_SECONDS after Redis was emptied: call an attempt dead only
        when it was LOST twice, that far apart.
        """
        identity, queue = attempt_id(job, attempt), queue_key(model)
        async with self._translated(queue), self._redis.pipeline(transaction=True) as pipe:
            pipe.exists(outcome_key(identity))
            pipe.exists(lease_key(identity))
            pipe.zscore(queue, identity)
            ended, leased, score = await pipe.execute()
        if ended:
            return AttemptState.ENDED
        if leased:
            return AttemptState.RUNNING
        return AttemptState.LOST if score is None else AttemptState.WAITING

    async def outcome(self, job: str, attempt: int) -> Clip | Failure | None:
        """Return how the attempt ended, or None while it has not (or Redis was emptied)."""
        try:
            async with self._translated():
                text = await self._redis.get(outcome_key(attempt_id(job, attempt)))
            return None if text is None else read_outcome(text)
        except WrongKeyType:
            return Failure("failed_outcome_unreadable", retryable=True)
        except WrongVersion as error:
            versions = (("outcome", error.found), ("bot", str(VERSION)))
            return Failure("failed_outcome_version", versions, retryable=True)
        except CodecError as error:
            log.warning("the outcome of attempt %d cannot be read: %s", attempt, error)
            return Failure("failed_outcome_unreadable", retryable=True)

    async def preview(self, job: str, attempt: int) -> bytes | None:
        """Return the latest preview of an attempt; None unless it is a WebP of a preview's size."""
        key = preview_key(attempt_id(job, attempt))
        try:
            async with self._translated():
                found: bytes = await self._redis.getrange(key, 0, PREVIEW_BYTES)
        except WrongKeyType:
            return None
        is_webp = found[:4] == b"RIFF" and found[8:12] == b"WEBP"
        return found if is_webp and len(found) <= PREVIEW_BYTES else None

    async def cancel(self, job: str) -> None:
        """Cancel every attempt at this job, at its next step."""
        async with self._translated(), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(cancel_key(job), "1", ex=CANCEL_SECONDS)
            pipe.publish(CANCELS, job)
            await pipe.execute()

    async def hand_back(self, job: str, attempt: int) -> None:
        """Let the worker that has this attempt give it up, so that the job is queued again."""
        identity = attempt_id(job, attempt)
        async with self._translated(), self._redis.pipeline(transaction=True) as pipe:
            pipe.set(cancel_key(identity), "1", ex=CANCEL_SECONDS)
            pipe.publish(CANCELS, identity)
            await pipe.execute()

    async def segments(self, job: str) -> list[FinishedSegment]:
        """Return the finished segments of an unfinished story."""
        try:
            async with self._translated():
                return await self._segments.of(job)
        except WrongKeyType:
            return []

    async def jobs_with_segments(self) -> list[str]:
        """Return the jobs that have finished segments, ended or not."""
        try:
            async with self._translated():
                return await self._segments.jobs()
        except WrongKeyType:
            log.error("%s was no set and is deleted", STORIES)
            async with self._translated():
                await self._redis.delete(STORIES)
            return []

    async def forget(self, job: str, attempt: int, model: str) -> bool:
        """Delete the orders, previews and outcomes of a job's attempts up to this one.

        Return False where a worker holds one of them, which may write again.
        """
        names = [attempt_id(job, number) for number in range(1, attempt + 1)]
        keys = [job_key_prefix + name for name in names]
        keys += [key(name) for name in names for key in (preview_key, outcome_key)]
        keys += [prefix + name for prefix in ARQ_STATE for name in names]
        queue = queue_key(model)
        async with self._translated(queue), self._redis.pipeline(transaction=True) as pipe:
            pipe.zrem(queue, *names)
            pipe.delete(*keys)
            pipe.exists(*map(lease_key, names))
            *_, held = await pipe.execute()
        return not held

    async def drop_segments(self, job: str) -> None:
        """Forget the finished segments of a job that has ended."""
        async with self._translated():
            await self._segments.drop(job)

    async def workers(self) -> int:
        """Return how many workers are alive."""
        return (await self.workers_by_model()).total()

    async def workers_by_model(self) -> Counter[str]:
        """Return how many workers are alive, by the name of the model that they serve."""
        return by_name(await self.served_models())

    async def served_models(self) -> Counter[ServedModel]:
        """Return how many workers are alive, by what they serve."""
        async with self._translated(), self._redis.pipeline() as pipe:
            pipe.smembers(WORKER_KEYS)
            [found] = await pipe.execute()
            keys = list(found)
            alive = await self._redis.mget(keys) if keys else []
            gone = [key for key, value in zip(keys, alive, strict=True) if value is None]
            if gone:
                pipe.srem(WORKER_KEYS, *gone)
                await pipe.execute()
        return Counter(_served(text) for text in alive if text is not None)

    async def lives(self) -> list[WorkerLife]:
        """Return the workers whose lives are to be billed; those that died without a word too."""
        async with self._translated(), self._redis.pipeline() as pipe:
            pipe.smembers(LIVES)
            [names] = await pipe.execute()
            names = sorted(names)
            texts = await self._redis.mget(life_key(_text(one)) for one in names) if names else []
            found = []
            for name, text in zip(names, texts, strict=True):
                try:
                    found.append(read_life(text))
                except CodecError as error:
                    log.warning("a worker's life cannot be read and is not billed: %s", error)
                    pipe.srem(LIVES, name)
            await pipe.execute()
            alive = await self._redis.mget(map(worker_key, found)) if found else []
        return [
            life if here else replace(life, ended=True)
            for life, here in zip(found, alive, strict=True)
        ]

    async def drop_life(self, identity: str) -> None:
        """Delete the life of a worker that has ended and is billed."""
        async with self._translated(), self._redis.pipeline(transaction=True) as pipe:
            pipe.srem(LIVES, identity)
            pipe.delete(life_key(identity))
            await pipe.execute()

    async def ping(self) -> None:
        """Return if Redis answers."""
        async with self._translated():
            await self._redis.ping()

    async def announce(self, changes: Iterable[Changed]) -> None:
        """Publish these changes to all bots, this one included."""
        async with self._translated(), self._redis.pipeline(transaction=False) as pipe:
            for change in changes:
                pipe.publish(CHANGES, write_change(change))
            await pipe.execute()

    async def announce_forgotten(self, owner: str, asked: float) -> None:
        """Tell all bots, this one included, that a person was erased; nothing of it is stored."""
        async with self._translated():
            await self._redis.publish(FORGOTTEN, write_forgotten(Forgotten(owner, asked)))

    def events(self) -> AsyncIterator[Event]:
        """Yield what workers publish, through any outage, during which events are missed."""
        return self._published(EVENTS, read_event)

    def changes(self) -> AsyncIterator[Changed]:
        """Yield what bots announce, through any outage, during which changes are missed."""
        return self._published(CHANGES, read_change)

    def forgotten(self) -> AsyncIterator[Forgotten]:
        """Yield who was erased, through any outage, during which notices are missed."""
        return self._published(FORGOTTEN, read_forgotten)

    async def _published(
        self, name: str, read: Callable[[object], Message]
    ) -> AsyncIterator[Message]:
        refused: set[type[CodecError]] = set()
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(name)
                    while True:
                        message = await channel.get_message(timeout=5.0)
                        if message is None:
                            continue
                        try:
                            yield read(message["data"])
                        except CodecError as error:
                            self.unreadable_events += 1
                            if type(error) not in refused:  # they would fill the log
                                refused.add(type(error))
                                log.warning("messages of %s are skipped: %s", name, error)
            except CONNECTION_ERRORS:
                await asyncio.sleep(RECONNECT_SECONDS)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)

    @asynccontextmanager
    async def _translated(self, queue: str = "") -> AsyncIterator[None]:
        """Raise Unavailable where Redis is away, WrongKeyType where one key holds something odd.

        queue is the queue's key where it may be that one, which is mended.
        """
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                yield
        except CONNECTION_ERRORS as error:
            if isinstance(error, ResponseError) and "WRONGTYPE" in str(error):
                if queue and await self._repair(queue):
                    raise Unavailable("unavailable_queue") from error
                raise WrongKeyType("unavailable_queue") from error
            raise Unavailable("unavailable_queue") from error

    async def _repair(self, queue: str) -> bool:
        """Delete a queue if it is no sorted set; its orders are in the database."""
        with contextlib.suppress(*CONNECTION_ERRORS):
            if await self._redis.type(queue) not in (b"zset", b"none"):
                log.error("%s was no sorted set and is deleted", queue)
                await self._redis.delete(queue)
                return True
        return False


def _served(text: bytes) -> ServedModel:
    """Return what a worker serves; one of an earlier release tells the model's name alone."""
    try:
        return read_served(text)
    except CodecError:
        return ServedModel(_text(text)[:OFFER_LIMIT])


def _text(name: bytes) -> str:
    return name.decode(errors="replace")

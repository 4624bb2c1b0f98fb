"""The finished segments of unfinished stories, in Redis until their job has ended.

They spare a later attempt what an earlier one made. Where they are lost, or are not what they
should be, the segments are made again.
"""

from __future__ import annotations

import contextlib
import logging

from arq.connections import ArqRedis

from storage.codec import CodecError
from storage.domain.request import MOST_SEGMENTS
from storage.queue.connection import CONNECTION_ERRORS
from storage.queue.keys import SEGMENT_SECONDS, STORIES, segments_key
from storage.queue.messages.outcomes import FinishedSegment, read_segment, write_segment

log = logging.getLogger(__name__)


class SegmentTable:
    """Reads and writes finished segments; every method raises what Redis does where it is away."""

    def __init__(self, redis: ArqRedis) -> None:
        """Use this client."""
        self._redis = redis

    async def add(self, job: str, index: int, segment: FinishedSegment) -> None:
        """Record that a segment is finished; index counts from 0."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(segments_key(job), str(index), write_segment(segment))
            pipe.expire(segments_key(job), SEGMENT_SECONDS)
            pipe.sadd(STORIES, job)
            await pipe.execute()

    async def of(self, job: str) -> list[FinishedSegment]:
        """Return a job's finished segments, the first of them up to one that is missing."""
        names = [str(index) for index in range(MOST_SEGMENTS)]
        found: list[FinishedSegment] = []
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hmget(segments_key(job), names)
            [texts] = await pipe.execute()
        for text in texts:
            if text is None:
                break
            try:
                found.append(read_segment(text))
            except CodecError as error:
                log.warning("segment %d cannot be read and is made again: %s", len(found), error)
                break
        return found

    async def jobs(self) -> list[str]:
        """Return the jobs that have finished segments, and keep these for a while longer."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.smembers(STORIES)
            [found] = await pipe.execute()
            jobs = sorted(name.decode(errors="replace") for name in found)
            for job in jobs:
                pipe.expire(segments_key(job), SEGMENT_SECONDS)
            await pipe.execute()
        return jobs

    async def drop(self, job: str) -> None:
        """Forget a job's finished segments."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(segments_key(job))
            pipe.srem(STORIES, job)
            await pipe.execute()


class JobSegments:
    """The finished segments of one job, as its worker reads and writes them.

    While Redis is away there are none, and none is recorded: a later attempt makes them again.
    """

    def __init__(self, redis: ArqRedis, job: str) -> None:
        """Use this client for this job."""
        self._table = SegmentTable(redis)
        self._job = job

    async def finished(self) -> list[FinishedSegment]:
        """Return what earlier attempts have finished."""
        with contextlib.suppress(*CONNECTION_ERRORS):
            return await self._table.of(self._job)
        return []

    async def add(self, index: int, segment: FinishedSegment) -> None:
        """Record a finished segment for later attempts; index counts from 0."""
        with contextlib.suppress(*CONNECTION_ERRORS):
            await self._table.add(self._job, index, segment)

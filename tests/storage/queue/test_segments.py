"""Finished segments come back whole, or not at all."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from storage.codec import CodecError
from storage.domain.camera.motion import Motion
from storage.domain.clip import Adjustment
from storage.domain.errors import Unavailable
from storage.queue.client import Queue
from storage.queue.connection import connect_redis
from storage.queue.keys import SEGMENT_SECONDS, STORIES, segments_key
from storage.queue.messages.outcomes import FinishedSegment, read_segment, write_segment
from storage.queue.segments import SegmentTable
from tests.support.redis_server import RestartableRedis

SEGMENT = FinishedSegment(
    made_from="a" * 64,
    blob="b" * 64,
    last="c" * 64,
    frames=60,
    seed=7,
    motion=Motion.PAN_LEFT,
    seconds=3.5,
    adjustments=(Adjustment("adjusted_tiling", (("a", "b"),)),),
    scores=(("motion", 0.9),),
)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect_redis(redis_url)
    yield client
    await client.aclose(close_connection_pool=True)


@pytest.fixture
async def table(redis: Redis) -> SegmentTable:
    return SegmentTable(redis)  # type: ignore[arg-type]  # an ArqRedis


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[Queue]:
    queue = await Queue.connect(redis_url)
    yield queue
    await queue.close()


async def test_what_a_worker_records_a_bot_and_the_next_worker_read(
    table: SegmentTable, queue: Queue, redis: Redis
) -> None:
    later = replace(SEGMENT, blob="d" * 64)
    await table.add("job", 1, later)
    assert await queue.segments("job") == [], "the first is missing"
    await table.add("job", 0, SEGMENT)
    await table.add("job", 0, SEGMENT)
    assert await queue.segments("job") == await table.of("job") == [SEGMENT, later]
    assert 0 < await redis.ttl(segments_key("job")) <= SEGMENT_SECONDS
    assert await queue.jobs_with_segments() == ["job"]
    await queue.drop_segments("job")
    assert (await queue.segments("job"), await queue.jobs_with_segments()) == ([], [])


async def test_the_bots_keep_what_an_unfinished_story_has(
    table: SegmentTable, queue: Queue, redis: Redis
) -> None:
    await table.add("job", 0, SEGMENT)
    await redis.expire(segments_key("job"), 5)
    await queue.jobs_with_segments()
    assert await redis.ttl(segments_key("job")) > 5


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "[]",
        "no JSON",
        write_segment(SEGMENT).replace('"frames": 60', '"frames": 0'),
        write_segment(SEGMENT).replace("a" * 64, "../secret"),
        write_segment(SEGMENT).replace('"version": ', '"version": 9'),
        write_segment(SEGMENT).replace('"motion": "pan_left"', '"motion": "dance"'),
    ],
)
async def test_what_is_no_segment_counts_as_not_made(
    table: SegmentTable, queue: Queue, redis: Redis, odd: str
) -> None:
    with pytest.raises(CodecError):
        read_segment(odd)
    await table.add("job", 0, SEGMENT)
    await table.add("job", 2, SEGMENT)
    await redis.hset(segments_key("job"), "1", odd)  # type: ignore[misc]  # of redis-py
    assert await queue.segments("job") == [SEGMENT]


async def test_a_key_of_another_type_harms_nothing_else(
    table: SegmentTable, queue: Queue, redis: Redis
) -> None:
    await redis.set(segments_key("job"), "a string")
    assert await queue.segments("job") == []
    await redis.set(STORIES, "a string")
    assert await queue.jobs_with_segments() == []
    await table.add("other", 0, SEGMENT)
    assert await queue.jobs_with_segments() == ["other"]


async def test_what_another_release_wrote_is_not_read() -> None:
    text = json.dumps({**json.loads(write_segment(SEGMENT)), "version": 0})
    with pytest.raises(CodecError):
        read_segment(text)


async def test_without_redis_the_bot_is_told(restartable_redis: RestartableRedis) -> None:
    queue = await Queue.connect(restartable_redis.url)
    restartable_redis.stop(kill=True)
    with pytest.raises(Unavailable):
        await queue.segments("job")
    restartable_redis.start()
    await queue.close()

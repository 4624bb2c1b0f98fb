"""Processes are killed while clips are in the making; none is lost, none comes twice."""

import asyncio
import shutil
import time

import pytest

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord.member.client import MemberClient
from deploy.local.stack.local_stack import LocalStack
from deploy.local.stack.redis_server import start_redis
from deploy.local.stack.waiting import poll
from storage.queue.client import Queue
from tests.e2e.members import (
    LONG,
    PATIENCE,
    PHOTOGRAPH,
    NewMembers,
    order,
    wait_for_clip,
    wait_for_progress,
)
from tests.support.process_tree import children, has_ended

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]
OUTAGE_SECONDS = 0.5  # long enough for failed attempts to reconnect


async def clips_of(member: MemberClient, job: str) -> list[str]:
    """Return the messages that hold this job's clip."""
    return [
        message["id"]
        for message in await member.messages()
        if clip_of(message) and buttons_of(message).get("again") == f"again:{job}"
    ]


@pytest.mark.slow
async def test_a_killed_bot_delivers_the_clip_once_and_in_its_message(
    members: NewMembers, local_stack: LocalStack
) -> None:
    member = await members.join()
    key = await order(member, PHOTOGRAPH.read_bytes(), "pan right", seed=11, **LONG)
    job = buttons_of(await wait_for_progress(member, key))["cancel"].partition(":")[2]
    assert local_stack.bot is not None
    await local_stack.bot.kill()
    queue = await Queue.connect(local_stack.environ["REDIS_URL"])
    await poll(lambda: queue.outcome(job, 1), PATIENCE, "the worker's end without a bot")
    await queue.close()
    await local_stack.start_bot()
    clip = await wait_for_clip(member, key)
    assert clip.job == job
    await asyncio.wait_for(member.wait_for_command("animate"), PATIENCE)
    assert await clips_of(member, job) == [key]


@pytest.mark.slow  # a lease outlives its worker by 15 s, and the clip is made twice
async def test_the_clip_of_a_killed_worker_is_made_by_the_next(
    members: NewMembers, local_stack: LocalStack
) -> None:
    member, picture = await members.join(), PHOTOGRAPH.read_bytes()
    began = time.monotonic()
    first = await wait_for_clip(member, await order(member, picture, "pan left", seed=12, **LONG))
    own = time.monotonic() - began
    key = await order(member, picture, "pan left", seed=13, **LONG)
    await wait_for_progress(member, key)
    assert local_stack.worker is not None
    started = children(local_stack.worker.process.pid)
    await local_stack.worker.kill()
    killed = time.monotonic()
    await local_stack.start_worker()
    clip = await wait_for_clip(member, key)
    assert time.monotonic() - killed < 30 + own
    assert clip.data != first.data
    assert await clips_of(member, clip.job) == [key]
    gone = "the model's process to end"
    await poll(lambda: all(has_ended(pid) for pid in started), PATIENCE, gone)


async def test_an_emptied_redis_loses_no_order(
    members: NewMembers, local_stack: LocalStack
) -> None:
    people = [await members.join(name) for name in ("Ben", "Eve", "Kim")]
    picture = PHOTOGRAPH.read_bytes()
    lengths = (LONG["steps"], 5, 6)  # the first still runs when the others have been ordered
    keys = [
        await order(one, picture, "tilt up", seed=14, steps=steps)
        for one, steps in zip(people, lengths, strict=True)
    ]
    await wait_for_progress(people[0], keys[0])
    assert local_stack.redis is not None
    folder = local_stack.folder / "redis"
    local_stack.redis.stop(kill=True)
    shutil.rmtree(folder)
    await asyncio.sleep(OUTAGE_SECONDS)
    local_stack.redis = start_redis(folder)
    for one, key in zip(people, keys, strict=True):
        clip = await wait_for_clip(one, key)
        assert await clips_of(one, clip.job) == [key]

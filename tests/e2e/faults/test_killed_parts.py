"""Parts of the service are killed while clips are on their way; none is lost, none comes twice."""

import asyncio
import shutil
import time

import pytest

from deploy.local.clip_messages import buttons_of, clip_of
from deploy.local.discord.member.client import Member
from deploy.local.stack.local_stack import Household
from deploy.local.stack.redis_server import start_redis
from deploy.local.stack.waiting import until
from storage.queue.client import Queue
from tests.e2e.descent import children, ended
from tests.e2e.guests import PATIENCE, PHOTOGRAPH, Guests, delivered, order, running

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


async def clips_of(guest: Member, job: str) -> list[str]:
    """The messages that hold this job's clip."""
    return [
        message["id"]
        for message in await guest.messages()
        if clip_of(message) and buttons_of(message).get("again") == f"again:{job}"
    ]


async def test_a_bot_that_was_killed_brings_the_clip_once_and_in_its_place(
    guests: Guests, household: Household
) -> None:
    guest = await guests.join()
    key = await order(guest, PHOTOGRAPH.read_bytes(), "pan right", seed=11, steps=40)
    job = buttons_of(await running(guest, key))["cancel"].partition(":")[2]
    assert household.bot is not None
    await household.bot.kill()
    queue = await Queue.connect(household.environ["REDIS_URL"])
    await until(lambda: queue.outcome(job, 1), PATIENCE, "the worker's end without a bot")
    await queue.close()
    await household.start_bot()
    clip = await delivered(guest, key)
    assert clip.job == job
    await asyncio.wait_for(guest.wait_for_command("animate"), PATIENCE)
    assert await clips_of(guest, job) == [key]


@pytest.mark.slow  # a lease outlives its worker by 15 s, and the clip is made twice
async def test_a_worker_that_was_killed_leaves_its_clip_to_the_next(
    guests: Guests, household: Household
) -> None:
    guest, picture = await guests.join(), PHOTOGRAPH.read_bytes()
    began = time.monotonic()
    first = await delivered(guest, await order(guest, picture, "pan left", seed=12, steps=40))
    own = time.monotonic() - began
    key = await order(guest, picture, "pan left", seed=13, steps=40)
    await running(guest, key)
    assert household.worker is not None
    below = children(household.worker.process.pid)
    await household.worker.kill()
    killed = time.monotonic()
    await household.start_worker()
    clip = await delivered(guest, key)
    assert time.monotonic() - killed < 30 + own
    assert clip.data != first.data
    assert await clips_of(guest, clip.job) == [key]
    await until(lambda: all(ended(pid) for pid in below), PATIENCE, "the model's process to end")


async def test_an_emptied_redis_loses_no_order(guests: Guests, household: Household) -> None:
    people = [await guests.join(name) for name in ("Ben", "Eve", "Kim")]
    picture = PHOTOGRAPH.read_bytes()
    lengths = (40, 5, 6)  # the first still runs when the others have been ordered
    keys = [
        await order(one, picture, "tilt up", seed=14, steps=steps)
        for one, steps in zip(people, lengths, strict=True)
    ]
    await running(people[0], keys[0])
    assert household.redis is not None
    folder = household.folder / "redis"
    household.redis.stop(kill=True)
    shutil.rmtree(folder)
    await asyncio.sleep(0.5)
    household.redis = start_redis(folder)
    for one, key in zip(people, keys, strict=True):
        clip = await delivered(one, key)
        assert await clips_of(one, clip.job) == [key]

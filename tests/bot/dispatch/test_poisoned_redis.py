"""Whatever lies in Redis harms at most the job that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from redis.asyncio import Redis

from bot.studio.options import Options
from storage.domain.job import Job, Status
from storage.queue.keys import (
    CANCELS,
    EVENTS,
    WORKERS,
    attempt_id,
    cancel_key,
    lease_key,
    outcome_key,
    preview_key,
    queue_key,
)
from storage.queue.messages.outcomes import write_outcome
from storage.queue.messages.wire import VERSION
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import CLIP

CLIP_JSON = write_outcome(CLIP)
OURS = f'{{"version": {VERSION}, '.encode()
POISONS: dict[str, bytes] = {
    "nothing": b"",
    "random bytes": bytes(range(256)),
    "deep": b"[" * 100_000,
    "deep outcome": OURS + b'"outcome": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
    "nested outcome": OURS + b'"outcome": {"clip": 1}, "event": ["ended"]}',
    "nested version": b'{"version": [[1]], "outcome": "clip"}',
    "later version": f'{{"version": {VERSION + 1}, "outcome": "clip"}}'.encode(),
    "surrogate version": b'{"version": "\\ud800"}',
    "5,000 digits": OURS + b'"event": "ended", "job": "a", "attempt": ' + b"9" * 5000 + b"}",
    "5,000 digits as version": b'{"version": ' + b"9" * 5000 + b"}",
    "400 digits": CLIP_JSON.replace('"bytes": 12345', '"bytes": ' + "9" * 400).encode(),
    "infinity": CLIP_JSON.replace('"seconds": 9.5', '"seconds": 1e999').encode(),
    "surrogate": OURS + b'"outcome": "failure", "key": "failed_\\udc00"}',
    "template": OURS + b'"outcome": "failure", "key": "{job.__class__}"}',
    "blob is a path": CLIP_JSON.replace("b" * 64, "../../etc/passwd").encode(),
}
PER_ATTEMPT: dict[str, Callable[[str], str]] = {
    "outcome": outcome_key,
    "lease": lease_key,
    "preview": preview_key,
    "arq job": "arq:job:{}".format,
    "arq retry": "arq:retry:{}".format,
    "arq result": "arq:result:{}".format,
    "arq claim": "arq:in-progress:{}".format,
    "cancel": lambda identity: cancel_key(identity.partition(".")[0]),
}


async def order(backend: Backend, seed: int, owner: str) -> Job:
    return await backend.studio.orders.submit(requester(owner), png(), Options("a", seed=seed))


async def status(backend: Backend, job: Job) -> Status:
    return (await backend.jobs.get(job.id)).status


async def is_done(backend: Backend, job: Job) -> bool:
    return await status(backend, job) is Status.DONE


async def put(redis: Redis, key: str, name: str) -> None:
    """Let a key hold a poison; the name "stream" means another type of Redis."""
    await redis.delete(key)
    if name == "stream":
        await redis.xadd(key, {"odd": "odd"})
    else:
        await redis.set(
            key, POISONS[name], ex=1 if "lease" in key or "in-progress" in key else None
        )


@pytest.mark.timeout(660)
@pytest.mark.parametrize("kind", PER_ATTEMPT)
async def test_a_poisoned_key_harms_only_its_job(
    kind: str, backend: Backend, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    poisons = [*POISONS, "stream"]
    victims = [await order(backend, seed, f"victim {seed}") for seed in range(len(poisons))]
    async with Redis.from_url(redis_url) as redis:
        for job, name in zip(victims, poisons, strict=True):
            for attempt in (1, 2):
                await put(redis, PER_ATTEMPT[kind](attempt_id(job.id, attempt)), name)
        async with backend.running():
            bystander = await order(backend, 99, "bystander")
            await until(partial(is_done, backend, bystander), 300)
            await until(backend.all_jobs_ended, 300)
    assert "Traceback" not in caplog.text
    for job in victims:
        allowance = await backend.jobs.sums.allowance(job.owner, job.created)
        paid = allowance.spent if await is_done(backend, job) else job.cost
        assert (paid, allowance.reserved) == (job.cost, 0)


@pytest.mark.parametrize("channel", [EVENTS, CANCELS])
async def test_poison_on_a_channel_ends_no_listening(
    channel: str, backend: Backend, redis_url: str
) -> None:
    async with Redis.from_url(redis_url) as redis, backend.running():
        backend.worker.gate.clear()
        job = await order(backend, 1, "1")
        await until(lambda: len(backend.worker.orders) == 1)
        for poison in (*POISONS.values(), CLIP_JSON.encode()):
            assert await redis.publish(channel, poison)
            assert await redis.publish(channel, job.id)
        if channel == CANCELS:  # the last message of the job's own was heard
            await until(lambda: _is_final(backend, job))
        else:
            backend.worker.gate.set()
            await until(partial(is_done, backend, job))


async def _is_final(backend: Backend, job: Job) -> bool:
    return (await status(backend, job)).final


@pytest.mark.parametrize("name", [*POISONS, "stream"])
async def test_the_queue_survives_odd_entries(name: str, backend: Backend, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        if name == "stream":
            await put(redis, queue_key("embedded"), name)
        else:
            odd = {POISONS[name]: 1.0, POISONS[name] + b".1": 2.0, b"x." + b"9" * 5000: 3.0}
            await redis.zadd(queue_key("embedded"), odd)
        await redis.set(WORKERS + "odd", POISONS.get(name, b""), ex=30)
        await redis.set(WORKERS.encode() + b"\xff\xfe", b"", ex=30)
        async with backend.running():
            await until(partial(is_done, backend, await order(backend, 1, "1")))
        assert [entry async for entry, _ in redis.zscan_iter(queue_key("embedded"))] == []

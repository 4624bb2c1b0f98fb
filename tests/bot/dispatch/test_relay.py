"""What one bot changes, the others' buses publish at once, and each change is counted once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from redis.asyncio import Redis

from bot.dispatch.relay import ChangeRelay
from bot.metrics import BotMetrics
from bot.studio.events import JobChanged, JobEvent, Subscription
from bot.studio.options import Options
from storage.domain.clip import Failure
from storage.domain.errors import Unavailable
from storage.domain.job import Job, Status
from storage.queue.keys import CHANGES, EVENTS
from storage.queue.messages.events import Changed
from storage.queue.messages.outcomes import HANDED_BACK
from tests.support.backend import Backend, open_backend, png, requester, until
from tests.support.prometheus import samples
from tests.support.redis_server import RestartableRedis

TwoBots = tuple[Backend, Backend]
PATIENCE = 60.0


async def order(backend: Backend, seed: int = 0) -> Job:
    return await backend.studio.orders.submit(requester(), png(), Options("a", seed=seed))


async def receivers(url: str, channel: str) -> int:
    async with Redis.from_url(url) as redis:
        [(_, count)] = await redis.pubsub_numsub(channel)
    return int(count)


@contextlib.asynccontextmanager
async def relaying(*backends: Backend) -> AsyncIterator[None]:
    """Run a relay for each bot, once all receive."""
    relays = [ChangeRelay(one.jobs, one.queue, one.events) for one in backends]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    url = backends[0].settings.redis_url

    async def all_receive() -> bool:
        return await receivers(url, CHANGES) >= len(backends)

    try:
        await until(all_receive)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def next_change(news: Subscription, status: Status) -> JobChanged:
    """Wait for the next change to this status."""
    async with asyncio.timeout(PATIENCE):
        async for event in news:
            if isinstance(event, JobChanged) and event.job.status is status:
                return event
    raise AssertionError("a subscription has no end")


async def test_a_cancel_at_one_bot_is_published_by_the_other(two_bots: TwoBots) -> None:
    first, second = two_bots
    with second.studio.subscribe() as news:
        async with relaying(first, second):
            job = await order(first)
            ordered = await next_change(news, Status.QUEUED)
            await first.studio.cancel(job.id, "1")
            cancelled = await next_change(news, Status.CANCELLED)
    assert (ordered.job.id, ordered.heard) == (job.id, True)
    assert (cancelled.job.id, cancelled.heard) == (job.id, True)


async def test_a_job_that_goes_back_to_wait_is_published_by_the_other(two_bots: TwoBots) -> None:
    first, second = two_bots
    first.worker.failure = HANDED_BACK
    with second.studio.subscribe() as news:
        async with relaying(first, second), first.running():
            job = await order(first)
            await next_change(news, Status.QUEUED)  # its order
            again = await next_change(news, Status.QUEUED)
            assert again.job.id == job.id
            assert again.job.attempt >= 1
            first.worker.failure = None
            await next_change(news, Status.DONE)


async def test_what_was_heard_is_not_announced_again(two_bots: TwoBots) -> None:
    first, second = two_bots
    announced: list[Changed] = []

    async def record() -> None:
        async for change in first.queue.changes():
            announced.append(change)

    recording = asyncio.create_task(record())
    url = first.settings.redis_url

    async def is_recording() -> bool:
        return await receivers(url, CHANGES) == 1

    await until(is_recording)
    with first.studio.subscribe() as news:
        async with relaying(first, second):
            job = await order(first)
            await next_change(news, Status.QUEUED)
            await first.studio.cancel(job.id, "1")
            await next_change(news, Status.CANCELLED)
            other = await order(second, 1)
            assert (await next_change(news, Status.QUEUED)).job.id == other.id
            await second.studio.cancel(other.id, "1")  # announced after all echos would be
            await until(lambda: len(announced) >= 4)
    recording.cancel()
    assert [change.job for change in announced] == [job.id, job.id, other.id, other.id]
    assert len({change.process for change in announced}) == 2


async def test_each_end_is_counted_by_one_bot(two_bots: TwoBots) -> None:
    first, second = two_bots
    metrics = [BotMetrics(one.jobs, one.queue, set(), one.scaling()) for one in two_bots]
    counting = [
        asyncio.create_task(each.listen(one.studio.subscribe()))
        for each, one in zip(metrics, two_bots, strict=True)
    ]
    with first.studio.subscribe() as here, second.studio.subscribe() as there:
        async with relaying(first, second), first.running(), second.running_dispatcher():
            for seed in range(4):
                await order(two_bots[seed % 2], seed)
            for news in (here, there):
                for _ in range(4):
                    await next_change(news, Status.DONE)
            await until(first.all_jobs_ended)

    def ended() -> float:
        return sum(
            samples(each.registry)["mutoscope_jobs_ended_total{status=done}"] for each in metrics
        )

    await until(lambda: ended() >= 4)
    for task in counting:
        task.cancel()
    await asyncio.gather(*counting, return_exceptions=True)
    assert ended() == 4


async def test_who_comes_second_with_an_end_tells_its_own_bus(two_bots: TwoBots) -> None:
    """Without a relay: Redis may be away when the first one announces it."""
    first, second = two_bots
    dispatcher = second.dispatcher()
    job = await order(first)
    await first.jobs.finish(job.id, Failure("failed_encoding"), 1.0)
    with second.studio.subscribe() as news:
        await dispatcher.finish(job.id, Failure("failed_lost"))
        event = await next_change(news, Status.FAILED)
    assert event.heard
    assert event.job.failure == Failure("failed_encoding")


async def test_the_relay_goes_on_after_redis_was_away(tmp_path: Path, mp4: bytes) -> None:
    server = RestartableRedis(tmp_path / "redis")
    async with (
        open_backend(tmp_path, server.url, mp4) as first,
        open_backend(tmp_path, server.url, mp4) as second,
    ):
        with second.studio.subscribe() as news:
            async with relaying(first, second):
                server.stop(kill=True)
                job = await order(first)
                await first.studio.cancel(job.id, "1")
                server.start()
                await until(lambda: _both_receive(server.url))
                await until(lambda: _is_back(first))
                later = await order(first, 1)
                heard: JobEvent = await next_change(news, Status.QUEUED)
    server.stop()
    assert isinstance(heard, JobChanged)
    assert heard.job.id == later.id


async def _is_back(backend: Backend) -> bool:
    """Tell whether a connection of before the outage, which the next change goes by, is new."""
    try:
        await backend.queue.ping()
    except Unavailable:
        return False
    return True


async def _both_receive(url: str) -> bool:
    return await receivers(url, CHANGES) == 2


async def test_a_start_is_published_by_every_bot_and_announced_by_none(two_bots: TwoBots) -> None:
    first, second = two_bots
    first.worker.gate.clear()
    with first.studio.subscribe() as here, second.studio.subscribe() as there:
        async with first.running_dispatcher(), second.running_dispatcher():

            async def both_listen() -> bool:
                return await receivers(first.settings.redis_url, EVENTS) == 2

            await until(both_listen)
            async with first.running_worker():
                await order(first)
                starts = [await next_change(news, Status.RUNNING) for news in (here, there)]
                first.worker.gate.set()
    assert [start.heard for start in starts] == [True, True]

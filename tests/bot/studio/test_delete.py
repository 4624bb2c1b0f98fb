"""A delete removes what no other job refers to, also beside an order for the same picture."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from bot.studio.keyed_locks import KeyedLocks
from bot.studio.options import Options
from bot.studio.orders.order_draft import OrderDraft
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.errors import BadPicture, JobGone
from storage.domain.finish import Finish
from storage.domain.job import Job
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import CLIP

WAVES = Options("waves", seed=7)


class PausedBlobs(Blobs):
    """A store whose put() returns only once a test opens the gate."""

    def __init__(self, blobs: Blobs) -> None:
        super().__init__(blobs._store)
        self.reached, self.gate = asyncio.Event(), asyncio.Event()

    async def put(self, data: bytes) -> str:
        key = await super().put(data)
        self.reached.set()
        await self.gate.wait()
        return key


class InterruptedBlobs(Blobs):
    """A store at which another bot does something once, after a put or before a delete."""

    def __init__(self, blobs: Blobs, name: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(blobs._store)
        self._name, self._meanwhile = name, meanwhile
        self._done = False

    async def put(self, data: bytes) -> str:
        key = await super().put(data)
        await self._interrupt("put")
        return key

    async def delete(self, key: str) -> None:
        await self._interrupt("delete")
        await super().delete(key)

    async def _interrupt(self, name: str) -> None:
        if name == self._name and not self._done:
            self._done = True
            await self._meanwhile()


class ObservedLocks(KeyedLocks):
    """Locks that tell a test when one is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = asyncio.Event()

    def of(self, key: str) -> asyncio.Lock:
        self.requested.set()
        return super().of(key)


class EndingJobs(Jobs):
    """Jobs of which each ends just before it is cancelled."""

    async def cancel(self, job_id: str, owner: str | None, at: float) -> Job:
        await self.finish(job_id, CLIP, at)
        return await super().cancel(job_id, owner, at)


async def made(backend: Backend) -> Job:
    async with backend.running():
        job = await backend.studio.orders.submit(requester(), png(), WAVES)
        await until(backend.all_jobs_ended)
    return await backend.jobs.get(job.id)


@pytest.mark.parametrize("seed", [7, 8])
async def test_a_concurrent_delete_leaves_the_picture_and_cached_clip_of_an_order(
    backend: Backend, seed: int
) -> None:
    old = await made(backend)
    backend.studio.orders.storage.blobs = paused = PausedBlobs(backend.blobs)
    backend.studio.orders.storage.locks = locks = ObservedLocks()
    order = asyncio.create_task(
        backend.studio.orders.submit(requester(), png(), Options("waves", seed=seed))
    )
    await paused.reached.wait()
    locks.requested.clear()
    delete = asyncio.create_task(backend.studio.delete(old.id, old.owner))
    requested = asyncio.create_task(locks.requested.wait())
    await asyncio.wait({delete, requested}, return_when=asyncio.FIRST_COMPLETED)
    paused.gate.set()
    new = await order
    await delete
    assert await backend.blobs.has(new.request.picture)
    assert new.cached is (seed == 7)
    assert new.clip is None or await backend.blobs.has(new.clip.blob)


async def test_a_picture_that_another_bot_orders_while_it_is_deleted_stays(
    two_bots: tuple[Backend, Backend],
) -> None:
    first, second = two_bots
    old = await made(first)
    other = partial(second.studio.orders.submit, requester("2"), png(), Options("waves", seed=8))
    first.studio.orders.storage.blobs = InterruptedBlobs(first.blobs, "delete", other)
    await first.studio.delete(old.id, old.owner)
    [new] = await second.jobs.pending.all()
    assert await second.blobs.has(new.request.picture)


async def test_a_picture_that_another_bot_deletes_while_it_is_ordered_is_stored_again(
    two_bots: tuple[Backend, Backend],
) -> None:
    first, second = two_bots
    old = await made(first)
    delete = partial(first.studio.delete, old.id, old.owner)
    second.studio.orders.storage.blobs = InterruptedBlobs(second.blobs, "put", delete)
    new = await second.studio.orders.submit(requester("2"), png(), Options("waves", seed=8))
    assert await second.blobs.has(new.request.picture)


async def test_a_clip_of_the_same_bytes_stays_for_the_other_job(backend: Backend) -> None:
    twice = [await backend.studio.orders.submit(requester(), png(), WAVES) for _ in range(2)]
    clip = replace(CLIP, blob=await backend.blobs.put(b"the same bytes"), poster="")
    for job, kept in zip(twice, (True, False), strict=True):
        await backend.jobs.finish(job.id, clip, 1.0)
        await backend.studio.delete(job.id, job.owner)
        assert await backend.blobs.has(clip.blob) is kept


async def test_a_job_that_ends_while_it_is_deleted_is_deleted(backend: Backend) -> None:
    job = await backend.studio.orders.submit(requester(), png(), WAVES)
    backend.studio._jobs = EndingJobs(backend.jobs._engine, backend.catalogue)
    await backend.studio.delete(job.id, job.owner)
    with pytest.raises(JobGone) as caught:
        await backend.jobs.get(job.id)
    assert caught.value.key == "job_deleted"
    assert not await backend.blobs.has(job.request.picture)


async def test_a_retry_without_its_picture_is_refused(backend: Backend) -> None:
    job = await backend.studio.orders.submit(requester(), png(), WAVES)
    await backend.blobs.delete(job.request.picture)
    with pytest.raises(BadPicture) as caught:
        await backend.studio.follow_ups.retry(job.id, requester())
    assert caught.value.key == "picture_gone"
    assert len(await backend.jobs.pending.all()) == 1


async def test_the_source_of_a_changed_clip_stays_until_that_is_deleted_too(
    backend: Backend,
) -> None:
    old = await made(backend)
    assert old.clip is not None
    request = replace(old.request, source=old.clip.blob, finish=Finish(reverse=True))
    draft = OrderDraft(request, requester().reply_to, parent=old.id)
    [new] = await backend.studio.orders.place(requester(), [draft])
    await backend.studio.delete(old.id, old.owner)
    assert await backend.blobs.has(old.clip.blob)
    await backend.studio.delete(new.id, new.owner)
    assert not await backend.blobs.has(old.clip.blob)


async def test_a_clip_whose_file_is_gone_cannot_be_changed(backend: Backend) -> None:
    old = await made(backend)
    assert old.clip is not None
    await backend.blobs.delete(old.clip.blob)
    request = replace(old.request, source=old.clip.blob, finish=Finish(reverse=True))
    with pytest.raises(JobGone):
        await backend.studio.orders.place(requester(), [OrderDraft(request, requester().reply_to)])

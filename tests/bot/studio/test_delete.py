"""Delete and an order for the same picture may come together: what the order needs stays."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.studio.options import Options
from storage.blobs import Blobs
from storage.database.jobs import Jobs
from storage.domain.errors import BadPicture, JobGone
from storage.domain.job import Job
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import CLIP

WAVES = Options("waves", seed=7)


class Held(Blobs):
    """A store that holds whoever has put something in until a test lets go."""

    def __init__(self, blobs: Blobs) -> None:
        super().__init__(blobs._store)
        self.reached, self.gate = asyncio.Event(), asyncio.Event()

    async def put(self, data: bytes) -> str:
        key = await super().put(data)
        self.reached.set()
        await self.gate.wait()
        return key


class EndsMeanwhile(Jobs):
    """A table of jobs in which every job ends just before somebody cancels it."""

    async def cancel(self, job_id: str, owner: str | None, at: float) -> Job:
        await self.finish(job_id, CLIP, at)
        return await super().cancel(job_id, owner, at)


async def made(backend: Backend) -> Job:
    async with backend.running():
        job = (await backend.studio.submit(requester(), png(), WAVES)).job
        await until(backend.all_jobs_ended)
    return await backend.jobs.get(job.id)


@pytest.mark.parametrize("seed", [7, 8])
async def test_an_order_keeps_its_picture_and_cached_clip_from_a_delete_at_its_side(
    backend: Backend, seed: int
) -> None:
    old = await made(backend)
    backend.studio._blobs = held = Held(backend.blobs)
    order = asyncio.create_task(
        backend.studio.submit(requester(), png(), Options("waves", seed=seed))
    )
    await held.reached.wait()
    delete = asyncio.create_task(backend.studio.delete(old.id, old.owner))
    await asyncio.wait({delete}, timeout=0.1)
    held.gate.set()
    new = (await order).job
    await delete
    assert await backend.blobs.has(new.request.picture)
    assert new.cached is (seed == 7)
    assert new.clip is None or await backend.blobs.has(new.clip.blob)


async def test_a_clip_that_another_worker_may_have_stored_too_stays(backend: Backend) -> None:
    twice = [(await backend.studio.submit(requester(), png(), WAVES)).job for _ in range(2)]
    clip = replace(CLIP, blob=await backend.blobs.put(b"the same bytes"), poster="")
    for job, kept in zip(twice, (True, False), strict=True):
        await backend.jobs.finish(job.id, clip, 1.0)
        await backend.studio.delete(job.id, job.owner)
        assert await backend.blobs.has(clip.blob) is kept


async def test_a_job_that_ends_while_it_is_deleted_is_deleted(backend: Backend) -> None:
    job = (await backend.studio.submit(requester(), png(), WAVES)).job
    backend.studio._jobs = EndsMeanwhile(backend.jobs._engine, backend.catalogue)
    await backend.studio.delete(job.id, job.owner)
    with pytest.raises(JobGone) as caught:
        await backend.jobs.get(job.id)
    assert caught.value.key == "job_deleted"
    assert not await backend.blobs.has(job.request.picture)


async def test_a_clip_whose_picture_is_gone_cannot_be_made_again(backend: Backend) -> None:
    job = (await backend.studio.submit(requester(), png(), WAVES)).job
    await backend.blobs.delete(job.request.picture)
    with pytest.raises(BadPicture) as caught:
        await backend.studio.retry(job.id, requester())
    assert caught.value.key == "picture_gone"
    assert len(await backend.jobs.unfinished()) == 1

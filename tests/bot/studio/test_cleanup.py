"""Blobs of ended jobs are deleted unless another job refers to them."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from bot.studio.cleanup import delete_unused
from bot.studio.options import Options
from storage.blobs import Blobs
from storage.domain.errors import Unavailable
from storage.domain.job import Job
from tests.support.backend import Backend, clip_file, png, requester, until
from tests.support.examples import CLIP
from tests.support.queue_worker import queued_orders


class UnreachableBlobs(Blobs):
    """A store that cannot be reached."""

    async def delete(self, key: str) -> None:
        raise Unavailable("unavailable_storage")


async def order(backend: Backend, prompt: str = "waves") -> Job:
    return await backend.studio.orders.submit(requester(), png(), Options(prompt, seed=7))


async def finish_late(backend: Backend, job: Job) -> None:
    """Let a worker make the clip of a job that has ended."""
    made = len(backend.worker.orders)

    async def has_outcome() -> bool:
        outcome = await backend.queue.outcome(job.id, 1)
        return outcome is not None and len(backend.worker.orders) == made + 1

    async with backend.running_worker():
        await until(has_outcome)


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_clip_for_an_ended_job_is_deleted(backend: Backend, deleted: bool) -> None:
    mp4 = sha256(clip_file(backend.worker.mp4, 7)).hexdigest()
    deleted_keys: list[str] = []

    class RecordingBlobs(Blobs):
        """A store that records what is deleted."""

        async def delete(self, key: str) -> None:
            await super().delete(key)
            deleted_keys.append(key)

    backend.blobs = RecordingBlobs(backend.blobs._store)
    async with backend.running_dispatcher():
        job = await order(backend)
        await until(lambda: _on_queue(backend))
        await backend.jobs.cancel(job.id, "1", 1.0)
        if deleted:
            await backend.jobs.forget(job.id)
        await finish_late(backend, job)
        await until(lambda: mp4 in deleted_keys)
    assert not await backend.blobs.has(mp4)
    assert await backend.blobs.has(job.request.picture)


async def _on_queue(backend: Backend) -> bool:
    return await queued_orders(backend.queue) == 1


async def test_a_blob_of_another_job_or_of_one_that_makes_it_again_stays(backend: Backend) -> None:
    over, twin, other = [await order(backend, prompt) for prompt in ("waves", "waves", "hills")]
    clip = replace(CLIP, blob=await backend.blobs.put(b"a clip"), poster="")
    await backend.jobs.cancel(over.id, "1", 1.0)
    for ended in (twin, other):
        await delete_unused(backend.jobs, backend.blobs, over.id, (clip.blob, clip.poster))
        assert await backend.blobs.has(clip.blob)
        await backend.jobs.finish(ended.id, clip, 1.0)
    for ended, kept in ((twin, True), (other, False)):
        await backend.jobs.forget(ended.id)
        await delete_unused(backend.jobs, backend.blobs, over.id, (clip.blob,))
        assert await backend.blobs.has(clip.blob) is kept


async def test_an_unreachable_store_is_ignored(backend: Backend) -> None:
    job = await order(backend)
    await backend.jobs.cancel(job.id, "1", 1.0)
    await delete_unused(backend.jobs, UnreachableBlobs(backend.blobs._store), job.id, ("d" * 64,))


async def test_a_clip_deleted_with_another_of_the_same_bytes_is_made_again(
    backend: Backend,
) -> None:
    async with backend.running():
        first = await order(backend, "waves")
        await until(backend.all_jobs_ended)
    async with backend.running_dispatcher():
        second = await order(backend, "hills")
        await until(lambda: _on_queue(backend))
    await finish_late(backend, second)
    await backend.studio.delete(first.id, "1")
    async with backend.running():
        await until(backend.all_jobs_ended)
    clip = (await backend.jobs.get(second.id)).clip
    assert clip is not None
    assert await backend.blobs.has(clip.blob)

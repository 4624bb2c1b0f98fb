"""A clip that comes for a job that is over leaves nothing behind, unless another job has it too."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from bot.studio.cleanup import delete_unused
from bot.studio.options import Options
from storage.blobs import Blobs
from storage.domain.errors import Unavailable
from storage.domain.job import Job
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import CLIP
from tests.support.queue_worker import queued_orders


class Away(Blobs):
    """A store that cannot be reached."""

    async def delete(self, key: str) -> None:
        raise Unavailable("unavailable_storage")


async def order(backend: Backend, prompt: str = "waves") -> Job:
    return (await backend.studio.submit(requester(), png(), Options(prompt, seed=7))).job


async def comes_late(backend: Backend, job: Job) -> None:
    """Let a worker make a job's clip although the job is over."""
    made = len(backend.worker.orders)

    async def heard() -> bool:
        outcome = await backend.queue.outcome(job.id, 1)
        return outcome is not None and len(backend.worker.orders) == made + 1

    async with backend.running_worker():
        await until(heard)


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_clip_of_a_job_that_is_over_does_not_stay(backend: Backend, deleted: bool) -> None:
    mp4 = sha256(backend.worker.mp4 + b"7").hexdigest()
    stored: list[str] = []

    class Noting(Blobs):
        """A store that notes what is deleted."""

        async def delete(self, key: str) -> None:
            stored.append(key)
            await super().delete(key)

    backend.blobs = Noting(backend.blobs._store)
    async with backend.running_dispatcher():
        job = await order(backend)
        await until(lambda: _on_queue(backend))
        await backend.jobs.cancel(job.id, "1", 1.0)
        if deleted:
            await backend.jobs.forget(job.id)
        await comes_late(backend, job)
        await until(lambda: mp4 in stored)
    assert not await backend.blobs.has(mp4)
    assert await backend.blobs.has(job.request.picture)


async def _on_queue(backend: Backend) -> bool:
    return await queued_orders(backend.queue) == 1


async def test_what_another_job_has_or_makes_anew_stays(backend: Backend) -> None:
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


async def test_a_store_that_is_away_is_no_reason_to_fail(backend: Backend) -> None:
    job = await order(backend)
    await backend.jobs.cancel(job.id, "1", 1.0)
    await delete_unused(backend.jobs, Away(backend.blobs._store), job.id, ("d" * 64,))


async def test_a_clip_that_is_deleted_with_another_of_the_same_bytes_is_made_again(
    backend: Backend,
) -> None:
    async with backend.running():
        first = await order(backend, "waves")
        await until(backend.all_jobs_ended)
    async with backend.running_dispatcher():
        second = await order(backend, "hills")
        await until(lambda: _on_queue(backend))
    await comes_late(backend, second)
    await backend.studio.delete(first.id, "1")
    async with backend.running():
        await until(backend.all_jobs_ended)
    clip = (await backend.jobs.get(second.id)).clip
    assert clip is not None
    assert await backend.blobs.has(clip.blob)

"""A clip that comes for a job that is over leaves nothing behind, unless another job has it too."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from bot.studio.cleanup import clear
from bot.studio.options import Options
from storage.blobs import Blobs
from storage.domain.errors import Unavailable
from storage.domain.job import Job
from tests.storage.examples import CLIP
from tests.support.backend import Workshop, customer, png, until


class Away(Blobs):
    """A store that cannot be reached."""

    async def delete(self, key: str) -> None:
        raise Unavailable("unavailable_storage")


async def order(workshop: Workshop, prompt: str = "waves") -> Job:
    return (await workshop.studio.submit(customer(), png(), Options(prompt, seed=7))).job


async def comes_late(workshop: Workshop, job: Job) -> None:
    """Let a worker make a job's clip although the job is over."""
    made = len(workshop.hands.orders)

    async def heard() -> bool:
        outcome = await workshop.queue.outcome(job.id, 1)
        return outcome is not None and len(workshop.hands.orders) == made + 1

    async with workshop.at_work():
        await until(heard)


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_clip_of_a_job_that_is_over_does_not_stay(
    workshop: Workshop, deleted: bool
) -> None:
    film = sha256(workshop.hands.film + b"7").hexdigest()
    stored: list[str] = []

    class Noting(Blobs):
        """A store that notes what is deleted."""

        async def delete(self, key: str) -> None:
            stored.append(key)
            await super().delete(key)

    workshop.blobs = Noting(workshop.blobs._store)
    async with workshop.dispatching():
        job = await order(workshop)
        await until(lambda: _on_queue(workshop))
        await workshop.jobs.cancel(job.id, "1", 1.0)
        if deleted:
            await workshop.jobs.forget(job.id)
        await comes_late(workshop, job)
        await until(lambda: film in stored)
    assert not await workshop.blobs.has(film)
    assert await workshop.blobs.has(job.request.picture)


async def _on_queue(workshop: Workshop) -> bool:
    return await workshop.queue.depth() == 1


async def test_what_another_job_has_or_makes_anew_stays(workshop: Workshop) -> None:
    over, twin, other = [await order(workshop, prompt) for prompt in ("waves", "waves", "hills")]
    clip = replace(CLIP, blob=await workshop.blobs.put(b"a film"), poster="")
    await workshop.jobs.cancel(over.id, "1", 1.0)
    for ended in (twin, other):
        await clear(workshop.jobs, workshop.blobs, over.id, (clip.blob, clip.poster))
        assert await workshop.blobs.has(clip.blob)
        await workshop.jobs.finish(ended.id, clip, 1.0)
    for ended, kept in ((twin, True), (other, False)):
        await workshop.jobs.forget(ended.id)
        await clear(workshop.jobs, workshop.blobs, over.id, (clip.blob,))
        assert await workshop.blobs.has(clip.blob) is kept


async def test_a_store_that_is_away_is_no_reason_to_fail(workshop: Workshop) -> None:
    job = await order(workshop)
    await workshop.jobs.cancel(job.id, "1", 1.0)
    await clear(workshop.jobs, Away(workshop.blobs._store), job.id, ("d" * 64,))


async def test_a_clip_that_is_deleted_with_another_of_the_same_bytes_is_made_again(
    workshop: Workshop,
) -> None:
    async with workshop.working():
        first = await order(workshop, "waves")
        await until(workshop.all_over)
    async with workshop.dispatching():
        second = await order(workshop, "hills")
        await until(lambda: _on_queue(workshop))
    await comes_late(workshop, second)
    await workshop.studio.delete(first.id, "1")
    async with workshop.working():
        await until(workshop.all_over)
    clip = (await workshop.jobs.get(second.id)).clip
    assert clip is not None
    assert await workshop.blobs.has(clip.blob)

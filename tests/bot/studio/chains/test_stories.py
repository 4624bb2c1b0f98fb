"""A story ends once: whole, or with the segments that were made, which alone are charged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from bot.studio.options import Options
from storage.domain.camera.motion import Motion
from storage.domain.clip import Clip, Failure
from storage.domain.errors import BadRequest, JobGone
from storage.domain.job import Job, Status
from storage.domain.quota import price
from storage.queue.messages.orders import Order
from storage.queue.messages.outcomes import FinishedSegment
from storage.queue.reporter import ProgressReporter
from tests.support.backend import Backend, ScriptedWorker, png, requester, until

PROMPTS = "zoom in\npan left\ntilt up\nhold still"
STORY = Options(PROMPTS, story=1, seed=7)


@dataclass
class StoryWorker(ScriptedWorker):
    """A worker that makes so many segments of a story at once, and then waits or fails."""

    makes: int = 9
    breaks: Failure | None = None
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    keys: list[str] = field(default_factory=list)

    async def __call__(self, order: Order, reporter: ProgressReporter) -> Clip | Failure:
        self.orders.append(order)
        finished = await reporter.segments.finished()
        for index in range(len(finished), order.request.segment_count):
            if index >= self.makes:
                self.waits.set()
                if self.breaks is not None:
                    return self.breaks
                await reporter.cancelled.wait()
                return Failure("failed_cancelled", cancelled=True)
            await reporter.segments.add(index, await self.segment(index))
        clip = await self.store_clip(order.request)
        return replace(clip, frames=order.request.made_frames)

    async def segment(self, index: int) -> FinishedSegment:
        blob, last = [await self.blobs.put(f"{name} {index}".encode()) for name in ("file", "last")]
        self.keys += [blob, last]
        return FinishedSegment("a" * 64, blob, last, 60, 7, Motion.DRIFT, 1.0)


@pytest.fixture
async def worker(backend: Backend) -> AsyncIterator[StoryWorker]:
    """A running dispatcher and worker."""
    backend.worker = worker = StoryWorker(backend.blobs, backend.worker.mp4)
    async with backend.running():
        yield worker


async def ended(backend: Backend, job: Job) -> Job:
    async def is_over() -> bool:
        return (await backend.jobs.get(job.id)).status.final

    await until(is_over)
    return await backend.jobs.get(job.id)


async def nothing_is_left(backend: Backend, worker: StoryWorker) -> bool:
    stored = [key for key in worker.keys if await backend.blobs.has(key)]
    return not stored and not await backend.queue.jobs_with_segments()


def cost(backend: Backend, job: Job, made: int) -> int:
    work = backend.catalogue.work(job.request.model)
    return price(replace(job.request, stopped_after=made), work)


async def test_a_whole_story_is_one_job_with_one_price(
    backend: Backend, worker: StoryWorker
) -> None:
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    assert job.cost == cost(backend, job, 4) > 3 * cost(backend, job, 1) - 4
    done = await ended(backend, job)
    assert (done.status, done.cost, len(worker.orders)) == (Status.DONE, job.cost, 1)
    await until(lambda: nothing_is_left(backend, worker))


@pytest.mark.parametrize("lines", [1, 9])
async def test_another_number_of_prompts_is_refused(backend: Backend, lines: int) -> None:
    with pytest.raises(BadRequest, match="request_story"):
        backend.studio.orders.check(STORY.replace(prompt="\n".join(["zoom in"] * lines)))


async def test_a_cancelled_story_ends_with_what_is_made_and_the_rest_is_refunded(
    backend: Backend, worker: StoryWorker
) -> None:
    worker.makes = 2
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    await worker.waits.wait()
    stopped = await backend.studio.cancel(job.id, "1")
    assert not stopped.status.final
    done = await ended(backend, job)
    assert (done.status, done.cost) == (Status.DONE, cost(backend, job, 2))
    assert done.clip is not None
    assert done.clip.frames == 2 * (job.request.frames - 1) + 1
    assert (done.deaths, [order.request.segment_count for order in worker.orders]) == (0, [4, 2])
    await backend.studio.shown.delivered(job.id)
    report = await backend.studio.reports.of_person("1")
    assert report.credits == done.cost
    assert report.allowance is not None
    assert (report.allowance.spent, report.allowance.reserved) == (done.cost, 0)
    await until(lambda: nothing_is_left(backend, worker))


@pytest.mark.parametrize("makes", [0, 4])
async def test_a_story_of_which_nothing_or_all_is_made_is_cancelled_as_a_clip_is(
    backend: Backend, worker: StoryWorker, makes: int
) -> None:
    worker.makes = makes
    if makes:  # it is being encoded
        backend.worker.store_clip = _never  # type: ignore[method-assign, assignment]
    job = await backend.studio.orders.submit(requester(), png(), STORY)

    async def has_begun() -> bool:
        begun = len(worker.keys) == 8 if makes else worker.waits.is_set()
        return begun and len(await backend.queue.segments(job.id)) == makes

    await until(has_begun)
    assert (await backend.studio.cancel(job.id, "1")).status is Status.CANCELLED
    report = await backend.studio.reports.of_person("1")
    assert report.allowance is not None
    assert (report.allowance.spent, report.allowance.reserved) == (0, 0)
    await until(lambda: nothing_is_left(backend, worker))
    backend.worker.gate.set()


async def _never(_request: object) -> Clip:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_second_cancel_discards_what_was_made(
    backend: Backend, worker: StoryWorker
) -> None:
    worker.makes = 2
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    await worker.waits.wait()
    backend.worker.store_clip = _never  # type: ignore[method-assign, assignment]
    await backend.studio.cancel(job.id, "1")
    assert (await backend.studio.cancel(job.id, "1")).status is Status.CANCELLED
    with pytest.raises(JobGone):
        await backend.studio.cancel(job.id, "1")
    await until(lambda: nothing_is_left(backend, worker))


async def test_a_deleted_story_is_neither_made_nor_charged(
    backend: Backend, worker: StoryWorker
) -> None:
    worker.makes = 2
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    await worker.waits.wait()
    await backend.studio.delete(job.id, "1")
    with pytest.raises(JobGone):
        await backend.studio.job(job.id)
    assert (await backend.studio.reports.of_person("1")).credits == 0
    await until(lambda: nothing_is_left(backend, worker))


@pytest.mark.parametrize(
    "failure",
    [Failure("failed_out_of_memory"), Failure("failed_worker_error", retryable=True)],
    ids=["at once", "three times"],
)
async def test_a_story_that_fails_ends_with_what_is_made(
    backend: Backend, worker: StoryWorker, failure: Failure
) -> None:
    worker.makes, worker.breaks = 3, failure
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    done = await ended(backend, job)
    assert (done.status, done.cost) == (Status.DONE, cost(backend, job, 3))
    assert done.request.stopped_after == 3
    assert worker.orders[-1].request.segment_count == 3
    await until(lambda: nothing_is_left(backend, worker))


async def test_a_story_that_fails_before_its_first_segment_fails(
    backend: Backend, worker: StoryWorker
) -> None:
    worker.makes, worker.breaks = 0, Failure("failed_out_of_memory")
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    assert (await ended(backend, job)).status is Status.FAILED
    assert (await backend.studio.reports.of_person("1")).credits == 0


async def test_a_retry_orders_all_of_a_stopped_story(backend: Backend, worker: StoryWorker) -> None:
    worker.makes, worker.breaks = 1, Failure("failed_out_of_memory")
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    await ended(backend, job)
    worker.makes = 9
    again = await ended(backend, await backend.studio.follow_ups.retry(job.id, requester()))
    assert (again.request.segment_count, again.cost) == (4, job.cost)


async def test_a_tweak_of_a_story_is_a_story(backend: Backend, worker: StoryWorker) -> None:
    job = await ended(backend, await backend.studio.orders.submit(requester(), png(), STORY))
    options = backend.studio.admission.options_of(job.request)
    assert options["prompt"] == PROMPTS
    shorter = await backend.studio.follow_ups.tweak(
        job.id, requester(), options.replace(prompt="a\nb, pan up")
    )
    assert [segment.prompt for segment in shorter.request.segments] == ["a", "b, pan up"]


async def test_what_a_bot_that_was_killed_left_behind_is_deleted(
    backend: Backend, worker: StoryWorker
) -> None:
    """The dispatcher's next look finds the segments of a job that ended without it."""
    worker.makes = 2
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    await worker.waits.wait()
    await backend.jobs.cancel(job.id, None, 1.0)  # as if killed right behind
    await until(lambda: nothing_is_left(backend, worker))


async def test_a_segment_that_another_job_needs_stays(
    backend: Backend, worker: StoryWorker
) -> None:
    worker.makes = 1
    job = await backend.studio.orders.submit(requester(), png(), STORY)
    await worker.waits.wait()
    kept = worker.keys[1]
    other = replace(job, id="ef" * 8, owner="2", request=replace(job.request, picture=kept))
    await backend.jobs.add(other)
    await backend.studio.cancel(job.id, "1", discard=True)
    await until(lambda: _is_gone(backend, worker.keys[0]))
    assert await backend.blobs.has(kept)


async def _is_gone(backend: Backend, key: str) -> bool:
    return not await backend.blobs.has(key)

"""A story or an extension that was finished is made again as it was made, and finished again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.clips.finish_action import FinishAction
from bot.studio.options import Options
from storage.domain.errors import BadRequest
from storage.domain.finish import Finish
from storage.domain.job import Job
from tests.bot.studio.chains.test_stories import STORY, ended, worker
from tests.support.backend import Backend, png, requester

__all__ = ["worker"]  # the fixture


async def finished(backend: Backend, job: Job, *actions: FinishAction) -> Job:
    """Return the job of a clip with these things done to it, one after the other."""
    for action in actions:
        job = await ended(
            backend, await backend.studio.follow_ups.finish(job.id, requester(), action)
        )
        assert job.clip is not None
    return job


@pytest.mark.usefixtures("worker")
async def test_a_finished_story_is_retried_as_the_story(backend: Backend) -> None:
    story = await ended(backend, await backend.studio.orders.submit(requester(), png(), STORY))
    assert story.request.made_frames > 128
    smooth = await finished(backend, story, FinishAction.SMOOTH, FinishAction.REVERSE)
    again = await ended(backend, await backend.studio.follow_ups.retry(smooth.id, requester()))
    finish = smooth.request.finish
    assert again.request == replace(story.request, seed=again.request.seed, finish=finish)
    assert (again.parent, again.request.generates) == (smooth.id, True)


@pytest.mark.usefixtures("worker")
async def test_without_the_story_its_segments_tell_as_much(backend: Backend) -> None:
    story = await ended(backend, await backend.studio.orders.submit(requester(), png(), STORY))
    webp = await finished(backend, story, FinishAction.WEBP)
    await backend.studio.delete(story.id, "1")
    options = backend.studio.admission.options_of(webp.request)
    assert options["frames"] == story.request.frames
    again = await backend.studio.follow_ups.retry(webp.id, requester())
    assert again.request.segments == story.request.segments
    assert again.request.frames == story.request.frames


@pytest.mark.usefixtures("worker")
async def test_a_finished_extension_goes_on_from_the_same_clip(backend: Backend) -> None:
    first = await ended(
        backend, await backend.studio.orders.submit(requester(), png(), Options("a"))
    )
    longer = await backend.studio.follow_ups.extend(first.id, requester(), Options("pan left"))
    longer = await ended(backend, longer)
    assert longer.clip is not None
    long = replace(longer.clip, frames=500)
    await backend.jobs.add(replace(longer, id="ab" * 8, clip=long, cached=True, cost=0))
    loop = await finished(backend, await backend.jobs.get("ab" * 8), FinishAction.LOOP)
    assert loop.request.frames == 500
    again = await backend.studio.follow_ups.retry(loop.id, requester())
    assert again.request.source == longer.request.source
    assert (again.request.frames, again.request.finish) == (
        longer.request.frames,
        Finish(loop=True),
    )
    await backend.studio.delete("ab" * 8, "1")
    with pytest.raises(BadRequest, match="request_remake"):
        await backend.studio.follow_ups.retry(loop.id, requester())

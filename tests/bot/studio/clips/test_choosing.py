"""A draft is ordered in full, as the order that somebody would type."""

from __future__ import annotations

import pytest

from bot.studio.clips.finish_action import FinishAction
from bot.studio.options import Options
from storage.domain.clip import Clip
from storage.domain.errors import BadRequest
from storage.domain.job import Job, Status
from tests.support.backend import Backend, png, requester, until

DRAFTS = Options("steam rises", seed=7, candidates=3)


async def ended(backend: Backend, job: Job) -> Job:
    """Wait for a job's end."""

    async def over() -> bool:
        return (await backend.jobs.get(job.id)).status.final

    await until(over)
    return await backend.jobs.get(job.id)


async def drafted(backend: Backend) -> tuple[Job, Clip]:
    """Order drafts and wait for them."""
    job = await ended(backend, await backend.studio.orders.submit(requester(), png(), DRAFTS))
    assert job.clip is not None
    return job, job.clip


async def test_a_chosen_draft_is_a_new_order_of_one_clip(backend: Backend) -> None:
    async with backend.running():
        grid, clip = await drafted(backend)
        second = clip.candidates[1]
        chosen = await ended(
            backend, await backend.studio.follow_ups.choose(grid.id, 2, requester("2"))
        )
        typed = DRAFTS.replace(
            candidates=None, seed=second.seed, camera=second.camera.motion, choose=None
        )
        direct = await backend.studio.orders.submit(requester("3"), png(), typed)
    assert (chosen.parent, chosen.owner, chosen.status) == (grid.id, "2", Status.DONE)
    assert (chosen.request.seed, chosen.request.candidates) == (second.seed, 1)
    assert chosen.request.drafts is None
    assert direct.cached
    assert direct.clip == chosen.clip
    assert direct.request == chosen.request


async def test_the_same_drafts_come_from_the_cache(backend: Backend) -> None:
    async with backend.running():
        _, clip = await drafted(backend)
        again = await backend.studio.orders.submit(requester("2"), png(), DRAFTS)
    assert again.cached
    assert again.clip == clip


async def test_drafts_are_retried_as_drafts_and_judged_ones_are_not_drafts(
    backend: Backend,
) -> None:
    async with backend.running():
        grid, _ = await drafted(backend)
        retried = await backend.studio.follow_ups.retry(grid.id, requester())
        judged = await backend.studio.orders.submit(
            requester("2"), png(), DRAFTS.replace(choose="judge", seed=8)
        )
    assert retried.request.drafts == grid.request.drafts
    assert retried.request.seed != grid.request.seed
    assert (judged.request.candidates, judged.request.drafts) == (3, None)
    admission = backend.studio.admission
    assert admission.options_of(judged.request)["choose"] == "judge"
    assert admission.options_of(grid.request)["choose"] == "me"


@pytest.mark.parametrize("number", [0, 4])
async def test_a_number_without_a_draft_is_refused(backend: Backend, number: int) -> None:
    async with backend.running():
        grid, _ = await drafted(backend)
        with pytest.raises(BadRequest) as caught:
            await backend.studio.follow_ups.choose(grid.id, number, requester())
        one = await backend.studio.orders.submit(requester(), png(), Options("waves", seed=1))
        with pytest.raises(BadRequest):
            await backend.studio.follow_ups.choose((await ended(backend, one)).id, 1, requester())
    assert caught.value.key == "request_candidate"


async def test_drafts_are_finished_only_once_one_is_chosen(backend: Backend) -> None:
    async with backend.running():
        grid, _ = await drafted(backend)
        with pytest.raises(BadRequest) as caught:
            await backend.studio.follow_ups.finish(grid.id, requester(), FinishAction.LOOP)
    assert caught.value.key == "request_choose_first"

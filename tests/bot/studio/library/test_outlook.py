"""What an order will take is told before such a one was ever made, by what others took."""

from __future__ import annotations

import pytest

from bot.studio.library.outlook import LOOK_BACK, Outlook
from bot.studio.options import Options
from tests.support.backend import Backend, png, requester, until


async def test_the_time_of_a_new_kind_of_clip_follows_from_its_credits(backend: Backend) -> None:
    studio, admit = backend.studio, backend.studio.admission.admit
    same = admit(Options("zoom in", steps=4), "", (320, 240), 0)
    longer = admit(Options("zoom in\npan left", steps=4, story=1), "", (320, 240), 0)
    assert (await studio.outlook.of(longer)).seconds is None
    async with backend.running():
        job = await studio.orders.submit(requester(), png(), Options("zoom in", steps=4))
        await until(backend.all_jobs_ended)
    took = (await studio.job(job.id)).clip
    assert took is not None
    before, after = [await studio.outlook.of(one) for one in (same, longer)]
    assert before.seconds == took.seconds
    assert after.credits > before.credits
    assert after.seconds == pytest.approx(took.seconds * after.credits / job.cost)
    later = job.created + LOOK_BACK + 1.0
    forgotten = Outlook(backend.jobs, backend.catalogue, lambda: later)
    assert (await forgotten.of(longer)).seconds is None

"""A private job is known to its owner, and where its owner has shown it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.studio.clips.finish_action import FinishAction
from bot.studio.options import Options
from bot.studio.orders.order_draft import Requester
from storage.domain.errors import JobGone
from storage.domain.job import Job
from storage.domain.privacy.post import Post, PostKind
from storage.domain.trust.place import NOWHERE, Place
from tests.support.backend import Backend, png, requester

HERE = Place("1", "5")
UseCase = Callable[[Backend, str, Requester], Awaitable[Job]]
USES: dict[str, UseCase] = {
    "retry": lambda backend, job, who: backend.studio.follow_ups.retry(job, who),
    "tweak": lambda backend, job, who: backend.studio.follow_ups.tweak(
        job, who, Options("tilt up")
    ),
    "extend": lambda backend, job, who: backend.studio.follow_ups.extend(
        job, who, Options("tilt up")
    ),
    "finish": lambda backend, job, who: backend.studio.follow_ups.finish(
        job, who, FinishAction.REVERSE
    ),
    "choose": lambda backend, job, who: backend.studio.follow_ups.choose(job, 1, who),
}


async def private_job(backend: Backend) -> str:
    options = Options("waves, zoom in", private="yes")
    return (await backend.studio.orders.submit(requester("ann"), png(), options)).id


@pytest.mark.parametrize("use", USES)
async def test_nothing_is_made_of_another_persons_private_job(backend: Backend, use: str) -> None:
    job = await private_job(backend)
    for place in (NOWHERE, HERE):
        with pytest.raises(JobGone, match="job_unknown"):
            await USES[use](backend, job, replace(requester("bob"), place=place))


async def test_others_know_it_in_the_channel_where_it_was_shown(backend: Backend) -> None:
    job, access = await private_job(backend), backend.studio.access
    posts = backend.jobs.privacy.posts
    assert (await access.job(job, "ann", NOWHERE)).id == job
    await posts.add(Post(job, "discord", "5", "51", PostKind.REPORT))
    with pytest.raises(JobGone, match="job_unknown"):
        await access.job(job, "bob", HERE)
    await posts.add(Post(job, "discord", "5", "52"))
    assert (await access.job(job, "bob", HERE)).id == job
    with pytest.raises(JobGone, match="job_unknown"):
        await access.job(job, "bob", Place("1", "6"))

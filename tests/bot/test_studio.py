"""The use cases, without any front end."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bot.studio.events import JobChanged
from bot.studio.options import Options
from storage.domain.catalogue import QuotaRow
from storage.domain.errors import BadPicture, JobGone, NotAllowed, QuotaExceeded
from storage.domain.job import Job, Status
from tests.support.backend import Workshop, customer, open_workshop, png, until

WAVES = Options("waves, zoom in", seed=7)


async def made(workshop: Workshop, options: Options = WAVES, owner: str = "1") -> Job:
    """Order a clip and wait for its end."""
    job = (await workshop.studio.submit(customer(owner), png(), options)).job

    async def over() -> bool:
        return (await workshop.jobs.get(job.id)).status.final

    await until(over)
    return await workshop.jobs.get(job.id)


async def test_an_order_is_written_down_before_anybody_is_told(workshop: Workshop) -> None:
    with workshop.studio.subscribe() as news:
        submission = await workshop.studio.submit(customer(), png(), WAVES)
        told = await anext(news)
    assert isinstance(told, JobChanged)
    assert told.job == submission.job == await workshop.jobs.get(submission.job.id)
    assert await workshop.blobs.get(submission.job.request.picture) == png()


async def test_places_in_the_queue_count_up(workshop: Workshop) -> None:
    orders = [
        await workshop.studio.submit(customer(), png(), replace(WAVES, seed=seed))
        for seed in range(3)
    ]
    places = [await workshop.studio.position(order.job.id) for order in orders]
    assert places == [0, 1, 2]


async def test_the_same_order_is_made_once_and_paid_once(workshop: Workshop) -> None:
    async with workshop.working():
        first = await made(workshop)
        again = await workshop.studio.submit(customer("2"), png(), WAVES)
    assert again.cached
    assert (again.job.clip, again.job.cost, again.job.status) == (first.clip, 0, Status.DONE)
    assert len(workshop.hands.orders) == 1
    assert (await workshop.studio.report("2")).credits == 0


async def test_a_kept_clip_whose_file_is_lost_is_made_anew(workshop: Workshop) -> None:
    async with workshop.working():
        first = await made(workshop)
        assert first.clip is not None
        await workshop.blobs.delete(first.clip.blob)
        assert not (await made(workshop)).cached


async def test_a_kept_clip_that_is_too_large_for_the_place_is_made_anew(
    workshop: Workshop,
) -> None:
    async with workshop.working():
        await made(workshop)
    small = await workshop.studio.submit(customer(size_limit=10), png(), WAVES)
    assert not small.cached


async def test_a_kept_clip_that_had_to_be_made_smaller_is_made_anew(workshop: Workshop) -> None:
    async with workshop.working():
        first = await made(workshop)
    assert first.clip is not None
    small = replace(first, id="ab" * 8, clip=replace(first.clip, width=96, height=96), ended=9e9)
    await workshop.jobs.add(replace(small, cached=True, cost=0))
    assert not (await workshop.studio.submit(customer(), png(), WAVES)).cached


async def test_nothing_is_ordered_where_a_clip_from_the_cache_cannot_be_written_down(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workshop.working():
        await made(workshop)
    wishes = [
        await workshop.studio.wish(customer(), png(), options)
        for options in (Options("hills", seed=8), WAVES)
    ]
    monkeypatch.setattr(
        "bot.studio.studio.secrets.token_hex", lambda _: "ab" * 8
    )  # one id for both
    with pytest.raises(IntegrityError):
        await workshop.studio.order(customer(), wishes)
    assert await workshop.jobs.unfinished() == []


async def test_a_bad_picture_leaves_no_trace(workshop: Workshop) -> None:
    with pytest.raises(BadPicture):
        await workshop.studio.submit(customer(), b"no picture", WAVES)
    assert await workshop.jobs.unfinished() == []


async def test_who_has_no_credits_leaves_no_picture(
    tmp_path: Path, redis_url: str, film: bytes
) -> None:
    poor = QuotaRow(credits_per_day=1, unfinished_jobs=9)
    async with open_workshop(tmp_path, redis_url, film, poor) as workshop:
        with pytest.raises(QuotaExceeded):
            await workshop.studio.submit(customer(), png(), WAVES)
        assert not await workshop.blobs.has(sha256(png()).hexdigest())


async def test_cancel_gives_the_credits_back_and_happens_once(workshop: Workshop) -> None:
    job = (await workshop.studio.submit(customer(), png(), WAVES)).job
    with pytest.raises(NotAllowed):
        await workshop.studio.cancel(job.id, "2")
    assert (await workshop.studio.cancel(job.id, "1")).status is Status.CANCELLED
    allowance = (await workshop.studio.report("1")).allowance
    assert allowance is not None
    assert (allowance.spent, allowance.reserved) == (0, 0)
    with pytest.raises(JobGone) as caught:
        await workshop.studio.cancel(job.id, "1")
    assert caught.value.key == "job_over"


async def test_delete_takes_the_clip_from_the_cache(workshop: Workshop) -> None:
    async with workshop.working():
        job = await made(workshop)
        with pytest.raises(NotAllowed):
            await workshop.studio.delete(job.id, "2")
        await workshop.studio.delete(job.id, "1")
        assert not (await made(workshop)).cached
    assert (await workshop.studio.report("1")).credits == 2 * job.cost


async def test_delete_clears_the_store_of_what_no_other_job_names(workshop: Workshop) -> None:
    async with workshop.working():
        job = await made(workshop)
    same = (await workshop.studio.submit(customer("2"), png(), WAVES)).job
    assert job.clip is not None
    for one, kept in ((job, True), (same, False)):
        await workshop.studio.delete(one.id, one.owner)
        assert await workshop.blobs.has(job.clip.blob) is kept
        assert await workshop.blobs.has(job.request.picture) is kept


async def test_retry_and_tweak_keep_what_was_not_changed(workshop: Workshop) -> None:
    first = (await workshop.studio.submit(customer(), png(), WAVES)).job
    retried = (await workshop.studio.again(first.id, customer("2"))).job
    assert retried.request == replace(first.request, seed=retried.request.seed)
    options = Options.of(first.request, workshop.catalogue)
    tweaked = (await workshop.studio.tweak(first.id, customer("2"), replace(options, steps=12))).job
    assert tweaked.request == replace(first.request, steps=12)
    assert tweaked.parent == first.id


async def test_an_unknown_job_is_gone(workshop: Workshop) -> None:
    with pytest.raises(JobGone):
        await workshop.studio.again("0" * 16, customer())

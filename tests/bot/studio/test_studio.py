"""The use cases of the studio, without a front end."""

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
from tests.support.backend import Backend, open_backend, png, requester, until

WAVES = Options("waves, zoom in", seed=7)


async def made(backend: Backend, options: Options = WAVES, owner: str = "1") -> Job:
    """Order a clip and wait for its end."""
    job = await backend.studio.orders.submit(requester(owner), png(), options)

    async def over() -> bool:
        return (await backend.jobs.get(job.id)).status.final

    await until(over)
    return await backend.jobs.get(job.id)


async def test_an_order_is_stored_before_its_event_is_published(backend: Backend) -> None:
    with backend.studio.subscribe() as events:
        job = await backend.studio.orders.submit(requester(), png(), WAVES)
        event = await anext(events)
    assert isinstance(event, JobChanged)
    assert event.job == job == await backend.jobs.get(job.id)
    assert await backend.blobs.get(job.request.picture) == png()


async def test_the_same_order_is_made_once_and_paid_once(backend: Backend) -> None:
    async with backend.running():
        first = await made(backend)
        again = await backend.studio.orders.submit(requester("2"), png(), WAVES)
    assert again.cached
    assert (again.clip, again.cost, again.status) == (first.clip, 0, Status.DONE)
    assert len(backend.worker.orders) == 1
    assert (await backend.studio.reports.of_person("2")).credits == 0


async def test_a_private_clip_is_given_to_its_owner_alone(backend: Backend) -> None:
    private = WAVES.replace(private="yes")
    async with backend.running():
        await made(backend, private)
        again = [await backend.studio.orders.submit(requester(one), png(), private) for one in "12"]
    assert [job.cached for job in again] == [True, False]


async def test_a_cached_clip_whose_file_is_lost_is_made_again(backend: Backend) -> None:
    async with backend.running():
        first = await made(backend)
        assert first.clip is not None
        await backend.blobs.delete(first.clip.blob)
        assert not (await made(backend)).cached


async def test_a_cached_clip_over_the_size_limit_is_made_again(
    backend: Backend,
) -> None:
    async with backend.running():
        await made(backend)
    small = await backend.studio.orders.submit(requester(size_limit=10), png(), WAVES)
    assert not small.cached


async def test_a_cached_clip_that_was_made_smaller_is_made_again(backend: Backend) -> None:
    async with backend.running():
        first = await made(backend)
    assert first.clip is not None
    small = replace(first, id="ab" * 8, clip=replace(first.clip, width=96, height=96), ended=9e9)
    await backend.jobs.add(replace(small, cached=True, cost=0))
    assert not (await backend.studio.orders.submit(requester(), png(), WAVES)).cached


async def test_no_order_is_placed_where_one_with_a_cached_clip_cannot_be_stored(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with backend.running():
        await made(backend)
    drafts = [
        await backend.studio.orders.draft(requester(), png(), options)
        for options in (Options("hills", seed=8), WAVES)
    ]
    monkeypatch.setattr(
        "bot.studio.studio.secrets.token_hex", lambda _: "ab" * 8
    )  # one id for both
    with pytest.raises(IntegrityError):
        await backend.studio.orders.place(requester(), drafts)
    assert await backend.jobs.pending.all() == []


async def test_a_bad_picture_creates_no_job(backend: Backend) -> None:
    with pytest.raises(BadPicture):
        await backend.studio.orders.submit(requester(), b"no picture", WAVES)
    assert await backend.jobs.pending.all() == []


async def test_an_order_beyond_the_quota_leaves_no_picture(
    tmp_path: Path, redis_url: str, mp4: bytes
) -> None:
    poor = QuotaRow(credits_per_day=1, unfinished_jobs=9)
    async with open_backend(tmp_path, redis_url, mp4, poor) as backend:
        with pytest.raises(QuotaExceeded):
            await backend.studio.orders.submit(requester(), png(), WAVES)
        assert not await backend.blobs.has(sha256(png()).hexdigest())


async def test_credits_and_places_are_checked_before_a_picture_is_decoded(
    tmp_path: Path, redis_url: str, mp4: bytes
) -> None:
    damaged = png()[:-200]  # its header is sound
    for quota in (QuotaRow(1, unfinished_jobs=9), QuotaRow(9_999, unfinished_jobs=0)):
        async with open_backend(tmp_path, redis_url, mp4, quota) as backend:
            with pytest.raises(QuotaExceeded):
                await backend.studio.orders.submit(requester(), damaged, WAVES)
    async with open_backend(tmp_path, redis_url, mp4) as backend:
        with pytest.raises(BadPicture):
            await backend.studio.orders.submit(requester(), damaged, WAVES)


async def test_cancel_refunds_the_credits_once(backend: Backend) -> None:
    job = await backend.studio.orders.submit(requester(), png(), WAVES)
    with pytest.raises(NotAllowed):
        await backend.studio.cancel(job.id, "2")
    assert (await backend.studio.cancel(job.id, "1")).status is Status.CANCELLED
    allowance = (await backend.studio.reports.of_person("1")).allowance
    assert allowance is not None
    assert (allowance.spent, allowance.reserved) == (0, 0)
    with pytest.raises(JobGone) as caught:
        await backend.studio.cancel(job.id, "1")
    assert caught.value.key == "job_over"


async def test_delete_removes_the_clip_from_the_cache(backend: Backend) -> None:
    async with backend.running():
        job = await made(backend)
        with pytest.raises(NotAllowed):
            await backend.studio.delete(job.id, "2")
        await backend.studio.delete(job.id, "1")
        assert not (await made(backend)).cached
    assert (await backend.studio.reports.of_person("1")).credits == 2 * job.cost


async def test_delete_removes_blobs_that_no_other_job_refers_to(backend: Backend) -> None:
    async with backend.running():
        job = await made(backend)
    same = await backend.studio.orders.submit(requester("2"), png(), WAVES)
    assert job.clip is not None
    for one, kept in ((job, True), (same, False)):
        await backend.studio.delete(one.id, one.owner)
        assert await backend.blobs.has(job.clip.blob) is kept
        assert await backend.blobs.has(job.request.picture) is kept


async def test_retry_and_tweak_keep_what_was_not_changed(backend: Backend) -> None:
    first = await backend.studio.orders.submit(requester(), png(), WAVES)
    retried = await backend.studio.follow_ups.retry(first.id, requester("2"))
    assert retried.request == replace(first.request, seed=retried.request.seed)
    options = backend.studio.admission.options_of(first.request)
    tweaked = await backend.studio.follow_ups.tweak(
        first.id, requester("2"), options.replace(steps=12)
    )
    assert tweaked.request == replace(first.request, steps=12)
    assert tweaked.parent == first.id


async def test_clips_with_and_without_depth_do_not_stand_for_each_other(backend: Backend) -> None:
    async with backend.running():
        flat, admission = await made(backend), backend.studio.admission
    rows = admission.catalogue.models.items()
    deep_rows = {name: replace(row, depth_model="some/depth") for name, row in rows}
    backend.studio.orders.admission = replace(
        admission, catalogue=replace(admission.catalogue, models=deep_rows)
    )
    deep = await backend.studio.orders.submit(requester(), png(), WAVES)
    assert (deep.cached, deep.request.depth_model) == (False, "some/depth")
    retried = await backend.studio.follow_ups.retry(flat.id, requester())
    assert retried.request.depth_model == "some/depth"
    backend.studio.orders.admission = admission
    assert (await backend.studio.orders.submit(requester(), png(), WAVES)).cached
    assert (await backend.studio.follow_ups.retry(deep.id, requester())).request.depth_model == ""


async def test_an_unknown_job_is_gone(backend: Backend) -> None:
    with pytest.raises(JobGone):
        await backend.studio.follow_ups.retry("0" * 16, requester())


def damage(backend: Backend, key: str) -> None:
    """Change a byte of a stored blob."""
    folder = backend.settings.mutoscope_home / "blobs"
    path = folder / key[:2] / key
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


async def test_a_cached_clip_whose_file_is_damaged_is_made_again(backend: Backend) -> None:
    async with backend.running():
        first = await made(backend)
        assert first.clip is not None
        damage(backend, first.clip.blob)
        again = await made(backend)
    assert not again.cached
    assert again.clip is not None
    assert await backend.studio.shown.clip_file(again.clip) is not None


async def test_a_damaged_picture_is_asked_for_again_and_then_mended(backend: Backend) -> None:
    async with backend.running():
        first = await made(backend)
        damage(backend, first.request.picture)
        with pytest.raises(BadPicture) as caught:
            await backend.studio.follow_ups.retry(first.id, requester())
        assert caught.value.key == "picture_gone"
        await made(backend, Options("waves", seed=8))
        await backend.studio.follow_ups.retry(first.id, requester())


async def test_a_clip_that_is_lost_before_its_delivery_is_made_again_at_no_cost(
    backend: Backend,
) -> None:
    async with backend.running():
        first = await made(backend)
        assert first.clip is not None
        damage(backend, first.clip.blob)
        assert await backend.studio.shown.clip_file(first.clip) is None
        with backend.studio.subscribe() as events:
            assert await backend.studio.shown.remake(first.id)
            changed = await anext(events)
            assert isinstance(changed, JobChanged)
            if changed.job.status is Status.DONE:  # that it was made is published a moment later
                changed = await anext(events)
        assert isinstance(changed, JobChanged)
        assert (changed.job.status, changed.job.clip) == (Status.QUEUED, None)
        await until(backend.all_jobs_ended)
    again = await backend.jobs.get(first.id)
    assert again.clip is not None
    assert await backend.studio.shown.clip_file(again.clip) is not None
    report = await backend.studio.reports.of_person("1")
    assert report.allowance is not None
    assert (report.credits, report.allowance.spent) == (first.cost, first.cost)
    assert (report.counts[Status.DONE], report.seconds) == (1, 1.5)


async def test_a_clip_is_not_made_again_for_ever_nor_after_its_delivery(backend: Backend) -> None:
    async with backend.running():
        first = await made(backend)
        assert await backend.studio.shown.remake(first.id)
        await until(backend.all_jobs_ended)
        assert await backend.studio.shown.remake(first.id)
        await until(backend.all_jobs_ended)
        assert not await backend.studio.shown.remake(first.id)
        other = await made(backend, Options("hills"))
        await backend.studio.shown.delivered(other.id, "")
        assert not await backend.studio.shown.remake(other.id)

"""Orders of clips that arrive at a second picture: stored, kept, deleted and refused like one."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from bot.studio.options import Options
from bot.studio.parameter_lines import write_details
from storage.domain.errors import BadEndPicture, BadPicture, BadRequest
from storage.domain.job import Job
from storage.domain.models.capability import Capability
from storage.domain.quota import price
from storage.domain.request import DenoisedShape
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import REQUEST
from tests.support.pictures.hostile import scan_bomb

START, END = png(colour="red"), png(colour="blue")
END_KEY = sha256(END).hexdigest()
WAVES = Options("waves, zoom in", seed=7)


async def made(backend: Backend, start: bytes = START, end: bytes = END) -> Job:
    """Order a clip and wait for its end."""
    job = await backend.studio.orders.submit(requester(), start, WAVES, end)
    await until(backend.all_jobs_ended)
    return await backend.jobs.get(job.id)


async def test_both_pictures_are_stored_and_named(backend: Backend) -> None:
    job = await backend.studio.orders.submit(requester(), START, WAVES, END)
    assert job.request.end_picture == END_KEY
    assert await backend.blobs.get(END_KEY) == END
    assert await backend.jobs.search.needs_blob(END_KEY, "")
    details = write_details(backend.studio.admission.table, job.request)
    assert f"end_picture: {END_KEY[:12]}" in details


async def test_the_cache_tells_end_pictures_apart(backend: Backend) -> None:
    async with backend.running():
        first = await made(backend)
        again = await backend.studio.orders.submit(requester("2"), START, WAVES, END)
        other = await backend.studio.orders.submit(
            requester("2"), START, WAVES, png(colour="green")
        )
        none = await backend.studio.orders.submit(requester("2"), START, WAVES)
    assert (again.cached, again.clip) == (True, first.clip)
    assert not other.cached
    assert not none.cached


async def test_retry_and_tweak_keep_it_and_extend_leaves_it(backend: Backend) -> None:
    studio = backend.studio
    async with backend.running():
        job = await made(backend)
        again = await studio.follow_ups.retry(job.id, requester())
        options = studio.admission.options_of(job.request).replace(prompt="pan left")
        tweaked = await studio.follow_ups.tweak(job.id, requester(), options)
        longer = await studio.follow_ups.extend(job.id, requester(), Options("pan left"))
    assert again.request.end_picture == tweaked.request.end_picture == END_KEY
    assert longer.request.end_picture == ""


async def test_a_delete_removes_it_with_its_last_job(backend: Backend) -> None:
    async with backend.running():
        one, other = await made(backend), await made(backend, png(colour="green"))
    await backend.studio.delete(one.id, "1")
    assert await backend.blobs.has(END_KEY)
    assert not await backend.blobs.has(one.request.picture)
    await backend.studio.delete(other.id, "1")
    assert not await backend.blobs.has(END_KEY)


async def test_it_may_be_the_first_picture_too(backend: Backend) -> None:
    async with backend.running():
        job = await made(backend, END)
        await backend.studio.delete(job.id, "1")
    assert not await backend.blobs.has(END_KEY)


@pytest.mark.parametrize(
    "end",
    [b"no picture", scan_bomb(5_000), END[:200]],
    ids=["text", "bomb", "cut"],
)
async def test_a_hostile_one_is_refused_before_anything_is_stored(
    backend: Backend, end: bytes
) -> None:
    with pytest.raises(BadEndPicture):
        await backend.studio.orders.submit(requester(), START, WAVES, end)
    assert await backend.jobs.pending.all() == []
    assert not await backend.blobs.has(sha256(START).hexdigest())


async def test_one_that_is_gone_is_named(backend: Backend) -> None:
    async with backend.running():
        job = await made(backend)
    await backend.blobs.delete(END_KEY)
    with pytest.raises(BadEndPicture):
        await backend.studio.follow_ups.retry(job.id, requester())
    await backend.blobs.delete(job.request.picture)
    with pytest.raises(BadPicture) as refused:
        await backend.studio.follow_ups.retry(job.id, requester())
    assert type(refused.value) is BadPicture


async def test_a_model_that_cannot_arrive_at_one_refuses_it(backend: Backend) -> None:
    admission = backend.studio.admission
    model = admission.catalogue.model()
    able = tuple(one for one in model.capabilities if one is not Capability.END_PICTURE)
    rows = {model.name: replace(model, capabilities=able)}
    backend.studio.orders.admission = replace(
        admission, catalogue=replace(admission.catalogue, models=rows)
    )
    with pytest.raises(BadRequest, match="request_unable"):
        await backend.studio.orders.submit(requester(), START, WAVES, END)


def test_it_costs_what_it_takes(backend: Backend) -> None:
    catalogue = backend.studio.admission.catalogue
    both = replace(REQUEST, end_picture="e" * 64)
    plain = replace(REQUEST, denoised=None)
    work = catalogue.work("i2vgen-xl")
    extra = price(replace(both, denoised=None), work) - price(plain, work)
    assert extra == pytest.approx(price(plain, work) - 4, abs=1)
    large = replace(REQUEST, width=1024, height=1024, denoised=DenoisedShape(128, 128, 16))
    dearer = replace(large, end_picture="e" * 64)
    assert price(large) < price(dearer) < 2 * price(large)

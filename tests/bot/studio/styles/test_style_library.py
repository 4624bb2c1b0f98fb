"""A person orders with the operator's styles and their own; an order keeps the file it had."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest

from bot.studio.clips.finish_action import FinishAction
from bot.studio.options import Options
from bot.studio.styles.style_library import StyleLibrary
from storage.database.library.style_table import MOST_STYLES
from storage.domain.clip import Failure
from storage.domain.errors import BadRequest, BadStyle
from storage.domain.job import Status
from storage.domain.models.style import Style
from tests.storage.styles.test_adapter_file import GOOD, file_of
from tests.support.backend import Backend, png, requester, until

FILE = file_of()
OTHER = file_of({name: ("F16", shape) for name, (_, shape) in GOOD.items()})


def key(data: bytes) -> str:
    return sha256(data).hexdigest()


@pytest.fixture
def folder(backend: Backend, tmp_path: Path) -> Path:
    """Return the operator's folder with the style `ink` in it."""
    folder = tmp_path / "styles"
    folder.mkdir()
    (folder / "ink.safetensors").write_bytes(FILE)
    backend.studio.styles = backend.studio.orders.storage.styles = StyleLibrary(
        folder, backend.jobs.styles, backend.blobs, backend.studio.orders.storage.locks
    )
    return folder


def ordering(style: str) -> Options:
    return Options("zoom in", style=style)


async def test_the_operators_style_is_ordered_and_varied(backend: Backend, folder: Path) -> None:
    studio = backend.studio
    job = await studio.orders.submit(requester(), png(), ordering("INK 0.5"))
    assert job.request.style == Style("ink", 0.5, key(FILE))
    assert await backend.blobs.get(key(FILE)) == FILE
    (folder / "ink.safetensors").write_bytes(OTHER)
    retried = await studio.follow_ups.retry(job.id, requester("2"))
    assert retried.request.style == job.request.style
    options = studio.admission.options_of(job.request)
    assert options["style"] == "ink 0.5"
    tweaked = await studio.follow_ups.tweak(job.id, requester("2"), options.replace(style="ink"))
    assert tweaked.request.style == Style("ink", 1.0, key(FILE))
    fresh = await studio.orders.submit(requester("3"), png(), ordering("ink"))
    assert fresh.request.style == Style("ink", 1.0, key(OTHER))
    without = await studio.follow_ups.tweak(job.id, requester("2"), options.replace(style=""))
    assert without.request.style is None


async def test_the_operators_file_is_put_again_where_it_was_deleted(
    backend: Backend, folder: Path
) -> None:
    await backend.studio.orders.submit(requester(), png(), ordering("ink"))
    await backend.blobs.delete(key(FILE))
    await backend.studio.orders.submit(requester(), png(), ordering("ink 0.5"))
    assert await backend.blobs.has(key(FILE))


async def test_an_unknown_style_is_refused_with_those_there_are(
    backend: Backend, folder: Path
) -> None:
    with pytest.raises(BadRequest) as caught:
        await backend.studio.orders.submit(requester(), png(), ordering("oil"))
    assert (caught.value.key, caught.value.parameters["names"]) == ("request_style_unknown", "ink")
    assert not await backend.blobs.has(key(png()))
    (folder / "ink.safetensors").unlink()
    with pytest.raises(BadRequest) as caught:
        await backend.studio.orders.submit(requester(), png(), ordering("ink"))
    assert caught.value.key == "request_style_none"


async def test_a_broken_file_of_the_operator_is_refused(backend: Backend, folder: Path) -> None:
    (folder / "ink.safetensors").write_bytes(b"\x80\x04.")
    with pytest.raises(BadStyle) as caught:
        await backend.studio.orders.submit(requester(), png(), ordering("ink"))
    assert caught.value.key == "style_pickle"
    allowance = await backend.jobs.sums.allowance(requester().owner, 0.0)
    assert allowance.spent == 0


async def test_an_uploaded_style_is_its_persons_own(backend: Backend, folder: Path) -> None:
    styles = backend.studio.styles
    assert await styles.add("1", "Oil Paint.safetensors", OTHER, 1.0) == "oil_paint"
    assert await styles.names("1") == ["oil_paint", "ink"]
    assert await styles.names("2") == ["ink"]
    await styles.delete("1", "Oil_Paint")
    assert await styles.names("1") == ["ink"]
    assert not await backend.blobs.has(key(OTHER))
    with pytest.raises(BadRequest):
        await styles.delete("1", "ink")


async def test_a_file_stays_while_anybody_has_it(backend: Backend, folder: Path) -> None:
    styles = backend.studio.styles
    for owner in ("1", "2"):
        await styles.add(owner, "oil.safetensors", OTHER, 1.0)
    await styles.add("1", "oil.safetensors", FILE, 2.0)
    assert await backend.blobs.has(key(OTHER))
    await styles.delete("2", "oil")
    assert not await backend.blobs.has(key(OTHER))
    assert await backend.blobs.has(key(FILE))


async def test_the_operators_file_stays_whatever_a_person_does_with_theirs(
    backend: Backend, folder: Path
) -> None:
    studio = backend.studio
    job = await studio.orders.submit(requester("2"), png(), ordering("ink"))
    await studio.cancel(job.id, "2")
    await studio.styles.add("1", "mine.safetensors", FILE, 1.0)
    await studio.styles.delete("1", "mine")
    assert await backend.blobs.has(key(FILE))


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_stays_while_an_unfinished_order_is_made_with_it(
    backend: Backend, folder: Path, replaced: bool
) -> None:
    studio = backend.studio
    await studio.styles.add("1", "oil.safetensors", OTHER, 1.0)
    job = await studio.orders.submit(requester("1"), png(), ordering("oil"))
    if replaced:
        await studio.styles.add("1", "oil.safetensors", FILE, 2.0)
    else:
        await studio.styles.delete("1", "oil")
    assert await backend.blobs.has(key(OTHER))
    assert job.request.style == Style("oil", 1.0, key(OTHER))


async def test_a_file_that_an_order_is_placed_with_is_not_deleted_under_it(
    backend: Backend, folder: Path
) -> None:
    studio = backend.studio
    await studio.styles.add("1", "oil.safetensors", OTHER, 1.0)
    draft = await studio.orders.draft(requester("1"), png(), ordering("oil"))
    async with studio.orders.storage.locked([draft.request]):
        deletion = asyncio.create_task(studio.styles.delete("1", "oil"))
        await until(lambda: has_no_style(backend, "1"))
        assert await backend.blobs.has(key(OTHER))
    await deletion
    assert not await backend.blobs.has(key(OTHER))


async def has_no_style(backend: Backend, owner: str) -> bool:
    return not await backend.jobs.styles.of(owner)


async def test_a_clip_whose_style_was_deleted_is_refused_at_once_and_varied_with_the_new_one(
    backend: Backend, folder: Path
) -> None:
    studio = backend.studio
    await studio.styles.add("1", "oil.safetensors", OTHER, 1.0)
    job = await studio.orders.submit(requester("1"), png(), ordering("oil"))
    async with backend.running():
        await until(backend.all_jobs_ended)
    await studio.styles.add("1", "oil.safetensors", FILE, 2.0)
    assert not await backend.blobs.has(key(OTHER))
    spent = (await backend.jobs.sums.allowance("1", 0.0)).spent
    with pytest.raises(BadStyle) as caught:
        await studio.follow_ups.retry(job.id, requester("1"))
    assert caught.value.key == "style_gone"
    assert (await backend.jobs.sums.allowance("1", 0.0)).spent == spent
    options = studio.admission.options_of(job.request).replace(style="oil 0.5")
    tweaked = await studio.follow_ups.tweak(job.id, requester("1"), options)
    assert tweaked.request.style == Style("oil", 0.5, key(FILE))
    finished = await studio.follow_ups.finish(job.id, requester("1"), FinishAction.REVERSE)
    assert finished.request.style is not None  # its frames are there
    with pytest.raises(BadRequest):
        await studio.follow_ups.tweak(job.id, requester("2"), options)


async def test_what_is_no_adapter_or_one_too_many_is_not_kept(
    backend: Backend, folder: Path
) -> None:
    styles = backend.studio.styles
    with pytest.raises(BadStyle):
        await styles.add("1", "oil.safetensors", b"\x80\x04.", 1.0)
    with pytest.raises(BadRequest):
        await styles.add("1", "???.safetensors", FILE, 1.0)
    for number in range(MOST_STYLES):
        await styles.add("1", f"s{number}.safetensors", FILE, 1.0)
    with pytest.raises(BadStyle) as caught:
        await styles.add("1", "more.safetensors", OTHER, 1.0)
    assert caught.value.key == "style_too_many"
    assert not await backend.blobs.has(key(OTHER))
    assert await styles.add("1", "s0.safetensors", OTHER, 1.0) == "s0"


async def test_a_style_that_the_model_cannot_take_costs_nothing(
    backend: Backend, folder: Path
) -> None:
    backend.worker.failure = Failure("style_no_layer", (("name", "conv_in"),))
    async with backend.running():
        job = await backend.studio.orders.submit(requester(), png(), ordering("ink"))

        async def ended() -> bool:
            return (await backend.studio.job(job.id)).status.final

        await until(ended)
    report = await backend.studio.reports.of_person(job.owner)
    assert report.counts[Status.FAILED] == 1
    assert report.allowance is not None
    assert report.allowance.spent == 0

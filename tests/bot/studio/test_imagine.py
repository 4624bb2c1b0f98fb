"""Orders whose picture is made first: what they cost, and what becomes of the picture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from bot.studio.clips.finish_action import FinishAction
from bot.studio.keyed_locks import KeyedLocks
from bot.studio.options import Options, Shape
from bot.studio.orders.result_cache import ResultCache
from storage.blobs import Blobs
from storage.domain.catalogue import QuotaRow
from storage.domain.clip import Failure
from storage.domain.errors import BadRequest, QuotaExceeded
from storage.domain.job import Job, Status
from storage.domain.models.style import Style
from storage.domain.picture import TextToImage
from tests.support.backend import Backend, drawn, open_backend, requester, until

MODEL = "some/model"
KITE = Options("a kite, zoom in", seed=7)
PICTURE = sha256(drawn(7)).hexdigest()


@pytest.fixture
async def backend(tmp_path: Path, redis_url: str, mp4: bytes) -> AsyncIterator[Backend]:
    async with open_backend(tmp_path, redis_url, mp4, picture_model=MODEL) as opened:
        yield opened


async def end(backend: Backend, job: Job) -> Job:
    """Wait for the end of an order."""
    async with backend.running():
        await until(backend.all_jobs_ended)
    return await backend.jobs.get(job.id)


async def imagine(
    backend: Backend, options: Options = KITE, shape: Shape = Shape.SQUARE, owner: str = "1"
) -> Job:
    """Order a clip and wait for its end."""
    return await end(backend, await backend.studio.orders.imagine(requester(owner), options, shape))


async def refuse_pictures(backend: Backend) -> None:
    """Let the service go on without a text-to-image model."""
    backend.studio.orders.admission = replace(backend.studio.admission, text_to_image=None)


async def test_a_made_picture_moves_in_a_style_too(backend: Backend) -> None:
    file = await backend.blobs.put(b"adapter")
    await backend.jobs.styles.put(requester().owner, "ink", file, 1.0)
    job = await backend.studio.orders.imagine(requester(), KITE.replace(style="ink"), Shape.SQUARE)
    assert job.request.style == Style("ink", 1.0, file)


async def test_the_made_picture_is_the_orders_own_from_then_on(backend: Backend) -> None:
    ordered = await backend.studio.orders.imagine(requester(), KITE, Shape.WIDE)
    assert ordered.request.picture == ""
    assert ordered.request.text_to_image == TextToImage(MODEL, 30, 7.0)
    assert ordered.request.width > 1.5 * ordered.request.height
    job = await end(backend, ordered)
    assert job.clip is not None
    assert job.request == replace(ordered.request, picture=PICTURE)
    assert job.clip.picture == PICTURE
    known = await backend.studio.library.order_with(PICTURE, job.owner)
    assert known is not None
    assert known.id == job.id


@pytest.mark.parametrize(
    ("shape", "wide"), [(Shape.SQUARE, 1.0), (Shape.WIDE, 16 / 9), (Shape.TALL, 9 / 16)]
)
async def test_the_shape_is_the_clips(backend: Backend, shape: Shape, wide: float) -> None:
    request = (await backend.studio.orders.imagine(requester(), KITE, shape)).request
    assert request.width / request.height == pytest.approx(wide, rel=0.08)


async def test_a_picture_is_paid_for_and_the_same_order_is_free(backend: Backend) -> None:
    job = await imagine(backend)
    retried = await backend.studio.follow_ups.retry(job.id, requester())
    assert job.cost == retried.cost + 9  # 30 guided steps at 1024 x 1024
    again = await backend.studio.orders.imagine(requester("2"), KITE, Shape.SQUARE)
    assert (again.cached, again.cost, again.clip) == (True, 0, job.clip)
    assert again.request == job.request
    assert (await backend.studio.reports.of_person("2")).saved == job.cost


async def test_another_order_is_made(backend: Backend) -> None:
    await imagine(backend)
    others: list[tuple[Options, Shape]] = [
        (KITE.replace(seed=8), Shape.SQUARE),
        (KITE.replace(prompt="a kite, zoom out"), Shape.SQUARE),
        (KITE, Shape.TALL),
    ]
    for number, (options, shape) in enumerate(others):
        assert not (
            await backend.studio.orders.imagine(requester(f"{number}"), options, shape)
        ).cached
    admission = backend.studio.admission
    for made in (TextToImage(MODEL, 20, 7.0), TextToImage(MODEL, 30, 6.0), TextToImage("b", 30, 7)):
        backend.studio.orders.admission = replace(admission, text_to_image=made)
        assert not (await backend.studio.orders.imagine(requester(), KITE, Shape.SQUARE)).cached


async def test_a_clip_whose_picture_is_lost_is_made_again(backend: Backend) -> None:
    await imagine(backend)
    await backend.blobs.delete(PICTURE)
    assert not (await imagine(backend)).cached
    assert await backend.blobs.has(PICTURE)


async def test_a_retry_moves_the_same_picture(backend: Backend) -> None:
    job = await imagine(backend)
    retried = await backend.studio.follow_ups.retry(job.id, requester())
    assert (retried.request.picture, retried.request.text_to_image) == (PICTURE, None)
    assert retried.request.made_by == MODEL
    assert retried.request.seed != 7
    await refuse_pictures(backend)  # it does not need any
    assert (await end(backend, retried)).status is Status.DONE


async def test_tweak_extend_and_finish_go_on_from_the_same_picture(backend: Backend) -> None:
    job = await imagine(backend)
    studio, blue = backend.studio, Options("the kite turns blue", seed=9)
    made = [
        await studio.follow_ups.tweak(job.id, requester(), blue),
        await studio.follow_ups.extend(job.id, requester(), blue),
        await studio.follow_ups.finish(job.id, requester(), FinishAction.REVERSE),
    ]
    assert {one.request.picture for one in made} == {PICTURE}
    assert {one.request.text_to_image for one in made} == {None}
    assert {one.request.made_by for one in made} == {MODEL}


async def test_a_chosen_draft_is_made_of_the_picture_of_the_drafts(backend: Backend) -> None:
    drafts = await imagine(backend, KITE.replace(candidates=3))
    chosen = await backend.studio.follow_ups.choose(drafts.id, 2, requester())
    assert chosen.request.seed == 8
    assert (chosen.request.picture, chosen.request.text_to_image) == (PICTURE, None)
    assert chosen.request.made_by == MODEL


async def test_one_that_failed_is_made_anew_with_its_picture(backend: Backend) -> None:
    backend.worker.failure = Failure("failed_picture_memory")
    failed = await imagine(backend, shape=Shape.TALL)
    assert failed.status is Status.FAILED
    backend.worker.failure = None
    now = TextToImage("better", 4, 0.0)
    backend.studio.orders.admission = replace(backend.studio.admission, text_to_image=now)
    tweaked = await backend.studio.follow_ups.tweak(
        failed.id, requester(), KITE.replace(prompt="a boat")
    )
    retried = await backend.studio.follow_ups.retry(failed.id, requester())
    for job in (tweaked, retried):
        assert (job.request.picture, job.request.text_to_image) == ("", now)
        size = (job.request.width, job.request.height)
        assert size == (failed.request.width, failed.request.height)
    assert (await end(backend, retried)).status is Status.DONE


async def test_without_a_model_nothing_is_ordered(backend: Backend) -> None:
    backend.worker.failure = Failure("failed_picture_memory")
    failed = await imagine(backend)
    await refuse_pictures(backend)
    for order in (
        backend.studio.orders.imagine(requester(), KITE, Shape.SQUARE),
        backend.studio.follow_ups.retry(failed.id, requester()),
        backend.studio.follow_ups.tweak(failed.id, requester(), KITE),
    ):
        with pytest.raises(BadRequest, match="request_no_picture_model"):
            await order
    assert len(backend.worker.orders) == 1


@pytest.mark.parametrize("words", [{"prompt": "黄昏的灯塔"}, {"negative_prompt": "模糊的照片"}])
async def test_words_that_the_picture_model_cannot_read_are_refused(
    backend: Backend, words: dict[str, str]
) -> None:
    options = KITE.replace(**words)
    with pytest.raises(BadRequest) as refused:
        await backend.studio.orders.imagine(requester(), options, Shape.SQUARE)
    assert refused.value.key == "request_english_only"
    assert refused.value.parameters == {"model": MODEL}
    assert not await backend.jobs.pending.all()
    admission = backend.studio.admission
    backend.studio.orders.admission = replace(admission, picture_languages=("en", "zh"))
    job = await backend.studio.orders.imagine(requester(), options, Shape.SQUARE)
    assert {name: getattr(job.request, name) for name in words} == words


async def test_what_failed_or_was_cancelled_is_refunded(backend: Backend) -> None:
    backend.worker.failure = Failure("failed_no_picture_model", (("model", MODEL),))
    await imagine(backend)
    waiting = await backend.studio.orders.imagine(requester(), KITE.replace(seed=8), Shape.SQUARE)
    await backend.studio.cancel(waiting.id, waiting.owner)
    allowance = (await backend.studio.reports.of_person("1")).allowance
    assert allowance is not None
    assert allowance.left == allowance.limit


async def test_a_picture_that_cannot_be_paid_is_not_ordered(
    tmp_path: Path, redis_url: str, mp4: bytes
) -> None:
    opened = open_backend(tmp_path, redis_url, mp4, QuotaRow(12, 5), picture_model=MODEL)
    async with opened as backend:
        with pytest.raises(QuotaExceeded, match="quota_spent"):
            await backend.studio.orders.imagine(requester(), KITE, Shape.SQUARE)
        backend.studio.orders.admission = replace(
            backend.studio.admission, text_to_image=TextToImage(MODEL, 1, 0.0)
        )
        await backend.studio.orders.imagine(requester(), KITE, Shape.SQUARE)


async def blobs_left(backend: Backend, *keys: str) -> list[bool]:
    return [await backend.blobs.has(key) for key in keys]


async def test_the_picture_goes_with_the_last_job_that_names_it(backend: Backend) -> None:
    job = await imagine(backend)
    assert job.clip is not None
    again = await backend.studio.orders.imagine(requester(), KITE, Shape.SQUARE)
    retried = await end(backend, await backend.studio.follow_ups.retry(job.id, requester()))
    keys = (PICTURE, job.clip.blob)
    await backend.studio.delete(job.id, job.owner)
    assert await blobs_left(backend, *keys) == [True, True]
    await backend.studio.delete(again.id, again.owner)
    assert await blobs_left(backend, *keys) == [True, False]
    await backend.studio.delete(retried.id, retried.owner)
    assert await blobs_left(backend, *keys) == [False, False]


async def test_a_clip_that_comes_after_the_cancel_leaves_no_picture(backend: Backend) -> None:
    job = await backend.studio.orders.imagine(requester(), KITE, Shape.SQUARE)
    clip = await backend.worker.store_clip(job.request)
    await backend.studio.cancel(job.id, job.owner)
    await backend.dispatcher().finish(job.id, clip)
    assert await blobs_left(backend, clip.picture, clip.blob) == [False, False]


class PausedLooks(Blobs):
    """A store at which a look whether a blob is there waits until a test opens the gate."""

    def __init__(self, blobs: Blobs) -> None:
        super().__init__(blobs._store)
        self.reached, self.gate = asyncio.Event(), asyncio.Event()

    async def has(self, key: str) -> bool:
        self.reached.set()
        await self.gate.wait()
        return await super().has(key)


class ObservedLocks(KeyedLocks):
    """Locks that tell a test when that of pictures which are not made yet is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = asyncio.Event()

    def of(self, key: str) -> asyncio.Lock:
        if key == "":
            self.requested.set()
        return super().of(key)


async def test_a_delete_beside_an_order_leaves_what_the_order_is_answered_with(
    backend: Backend,
) -> None:
    old = await imagine(backend)
    backend.studio.orders.storage.cache = ResultCache(
        backend.jobs, paused := PausedLooks(backend.blobs)
    )
    backend.studio.orders.storage.locks = locks = ObservedLocks()
    order = asyncio.create_task(backend.studio.orders.imagine(requester(), KITE, Shape.SQUARE))
    await paused.reached.wait()
    locks.requested.clear()
    delete = asyncio.create_task(backend.studio.delete(old.id, old.owner))
    requested = asyncio.create_task(locks.requested.wait())
    await asyncio.wait({delete, requested}, return_when=asyncio.FIRST_COMPLETED)
    paused.gate.set()
    new = await order
    await delete
    assert new.clip is not None
    assert await blobs_left(backend, PICTURE, new.clip.blob) == [True, True]
    requested.cancel()

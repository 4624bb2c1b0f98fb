"""An order without a picture: the picture is made first, stored with the clip, and animated."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gpu_worker.engine.connection import EngineDied
from storage.blobs import Blobs
from storage.domain.clip import Adjustment, Clip, Failure
from storage.domain.models.served_model import ServedModel
from storage.domain.picture import TextToImage
from storage.domain.progress import Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages.orders import Order
from tests.gpu_worker.test_generate import RecordingReporter, parameters_in
from tests.support.credentials.signing import CheckedGenerator, same_clip
from tests.support.fake_engine import PREVIEW
from tests.support.in_process_engine import InProcessEngine, decode_in_process

MADE = TextToImage("some/model", 30, 7.0)
REQUEST = GenerationRequest("", "a kite", "fake", 64, 48, 6, 8, 4, 1.0, seed=11, text_to_image=MADE)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.open(f"file://{tmp_path}")


async def made(
    blobs: Blobs,
    request: GenerationRequest = REQUEST,
    reporter: RecordingReporter | None = None,
    *,
    engine: InProcessEngine | None = None,
    picture_model: str = "some/model",
) -> Clip | Failure:
    generator = CheckedGenerator(
        engine or InProcessEngine(),
        *(blobs, decode_in_process, "w", ServedModel("fake")),
        picture_model=picture_model,
    )
    return await generator(Order("job", 1, request, 10**7), reporter or RecordingReporter())


async def clip_of(blobs: Blobs, request: GenerationRequest = REQUEST) -> Clip:
    clip = await made(blobs, request)
    assert isinstance(clip, Clip)
    return clip


def stored(folder: Path) -> list[Path]:
    """Return the files in a store's folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_picture_is_stored_as_a_png_and_opens_the_clip(blobs: Blobs) -> None:
    clip = await clip_of(blobs)
    png = await blobs.get(clip.picture)
    assert hashlib.sha256(png).hexdigest() == clip.picture
    picture = Image.open(io.BytesIO(png))
    noise = np.random.default_rng(11).integers(0, 255, (80, 120, 3), np.uint8)
    assert np.array_equal(np.asarray(picture), noise)
    poster = np.asarray(Image.open(io.BytesIO(await blobs.get(clip.poster)))).astype(float)
    window = np.asarray(picture.resize((64, 48), Image.Resampling.BOX, (6.7, 0, 113.3, 80)))
    assert (
        np.corrcoef(poster.ravel(), window.ravel())[0, 1] > 0.5
    )  # of 0 without anything in common
    assert clip.seconds >= 0.5  # the picture's included
    assert clip.adjustments == (Adjustment("picture_made", (("model", "some/model"),)),)


async def test_an_order_of_the_made_picture_gives_the_same_clip(blobs: Blobs) -> None:
    clip = await clip_of(blobs)
    given = replace(REQUEST, picture=clip.picture, text_to_image=None)
    again = await clip_of(blobs, given)
    assert again.poster == clip.poster
    assert again.picture == ""
    names = ("seed", "width", "prompt", "picture")
    one, other = [parameters_in(await blobs.get(each.blob)) for each in (clip, again)]
    assert [one[name] for name in names] == [other[name] for name in names]
    assert one["picture"] == clip.picture


async def test_the_card_hears_of_the_picture_before_the_frames(blobs: Blobs) -> None:
    reporter = RecordingReporter()
    await made(blobs, reporter=reporter)
    stages = list(dict.fromkeys(progress.stage for progress, _ in reporter.updates))
    assert stages[:3] == [Stage.PREPARING, Stage.PICTURE, Stage.DENOISING]
    [preview] = [shown for progress, shown in reporter.updates if progress.stage is Stage.PICTURE]
    assert preview == PREVIEW


@pytest.mark.parametrize("stage", [Stage.PREPARING, Stage.PICTURE, Stage.DENOISING])
async def test_a_cancelled_order_leaves_no_picture(
    blobs: Blobs, tmp_path: Path, stage: Stage
) -> None:
    request = replace(REQUEST, prompt="a cancelled kite" if stage is Stage.PICTURE else "slow kite")
    failure = await made(blobs, request, RecordingReporter(stage))
    assert failure == Failure("failed_cancelled", cancelled=True)
    assert stored(tmp_path) == []


async def test_a_clip_that_fails_leaves_no_picture(blobs: Blobs, tmp_path: Path) -> None:
    failure = await made(blobs, replace(REQUEST, prompt="oom"))
    assert failure == Failure("failed_out_of_memory")
    assert stored(tmp_path) == []


async def test_an_attempt_after_a_crash_makes_the_same(blobs: Blobs) -> None:
    dead = await made(blobs, engine=InProcessEngine(EngineDied("killed")))
    assert dead == Failure("failed_worker_error", retryable=True)
    first = await clip_of(blobs)
    again = await clip_of(blobs)
    assert first.picture == again.picture
    assert await same_clip(first, again, blobs)


async def test_a_picture_that_was_made_before_is_taken_or_made_again(blobs: Blobs) -> None:
    first = await clip_of(blobs)
    request, reporter = replace(REQUEST, picture=first.picture), RecordingReporter()
    taken = await made(blobs, request, reporter)
    assert isinstance(taken, Clip)
    assert taken.picture == first.picture
    assert Stage.PICTURE not in {progress.stage for progress, _ in reporter.updates}
    await blobs.delete(first.picture)
    again = await clip_of(blobs, request)
    assert again.picture == first.picture
    assert await same_clip(again, first, blobs)
    assert await blobs.has(first.picture)


@pytest.mark.parametrize("held", ["", "another/model"])
async def test_a_worker_without_the_model_says_what_to_set(blobs: Blobs, held: str) -> None:
    failure = await made(blobs, picture_model=held)
    assert failure == Failure("failed_no_picture_model", (("model", "some/model"),))

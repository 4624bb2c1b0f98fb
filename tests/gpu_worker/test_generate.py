"""An order becomes a clip in the store, or a failure."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import logging
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from gpu_worker import order_steps
from gpu_worker.engine.connection import EngineDied, NotLoaded
from gpu_worker.engine.messages import Downloading
from gpu_worker.style_files import StyleFiles
from storage.blobs import Blobs
from storage.clip_file import check_clip_file
from storage.codec import decode
from storage.domain.clip import Adjustment, Clip, Container, Failure
from storage.domain.errors import Unavailable
from storage.domain.models.served_model import ServedModel
from storage.domain.models.style import Style
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages.orders import Order
from storage.queue.slots import SlotQueue
from tests.gpu_worker.chains.recorded_segments import RecordedSegments
from tests.support.backend import png
from tests.support.credentials.signing import CheckedGenerator, same_clip
from tests.support.fake_engine import PREVIEW
from tests.support.in_process_engine import InProcessEngine, decode_in_process


class RecordingReporter:
    """A reporter that keeps its updates, and cancels the order at a stage if given one."""

    def __init__(self, stop_at: Stage | None = None) -> None:
        self.updates: list[tuple[Progress, bytes | None]] = []
        self.cancelled = asyncio.Event()
        self.slot = SlotQueue().request(lambda: None)
        self.segments = RecordedSegments()
        self._stop_at = stop_at

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        self.updates.append((progress, preview))
        if progress.stage is self._stop_at:
            self.cancelled.set()


class FlakyBlobs(Blobs):
    """A store that is away for the first few calls of one kind."""

    def __init__(self, blobs: Blobs, puts: int = 0, gets: int = 0) -> None:
        super().__init__(blobs._store)
        self._puts, self._gets = puts, gets

    async def put(self, data: bytes) -> str:
        self._puts -= 1
        if self._puts >= 0:
            raise Unavailable("unavailable_storage")
        return await super().put(data)

    async def get(self, key: str) -> bytes:
        self._gets -= 1
        if self._gets >= 0:
            raise Unavailable("unavailable_storage")
        return await super().get(key)


@pytest.fixture
def blobs() -> Blobs:
    return Blobs.open("memory:///")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_steps, "STORE_RETRY_PAUSES", (0.01, 0.01))


def upload() -> bytes:
    noise = np.random.default_rng(5).uniform(0, 255, (12, 16, 3)).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(noise).resize((200, 150), Image.Resampling.BICUBIC).save(target, "PNG")
    return target.getvalue()


async def ordered(blobs: Blobs, prompt: str = "pan right", **changes: object) -> Order:
    picture = await blobs.put(upload())
    request = GenerationRequest(picture, prompt, "fake", 64, 48, 6, 8, 4, 1.0, seed=11)
    return replace(Order("job", 1, request, 10_000_000), **changes)  # type: ignore[arg-type]  # by name


async def outcome(
    order: Order,
    blobs: Blobs,
    engine: InProcessEngine | None = None,
    reporter: RecordingReporter | None = None,
) -> Clip | Failure:
    return await CheckedGenerator(
        engine or InProcessEngine(), blobs, decode_in_process, "worker-1", ServedModel("fake")
    )(order, reporter or RecordingReporter())


def comment_in(data: bytes) -> dict[str, Any]:
    """Return what a file's comment holds, as ffmpeg reads it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "-", "-f", "ffmetadata", "-"]
    output = subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode()
    comment = next(line for line in output.splitlines() if line.startswith("comment="))
    plain = comment.removeprefix("comment=")
    for mark in "=;#\\":
        plain = plain.replace("\\" + mark, mark)
    comment_of_file: dict[str, Any] = json.loads(plain)
    return comment_of_file


def parameters_in(data: bytes) -> dict[str, object]:
    """Return what a file's comment says of the clip itself."""
    facts: dict[str, object] = comment_in(data)["mutoscope"]
    return facts


async def test_an_order_becomes_a_clip_in_the_store(blobs: Blobs) -> None:
    order = await ordered(blobs, "pan right tight")
    clip = await outcome(order, blobs)
    assert isinstance(clip, Clip)
    data = await blobs.get(clip.blob)
    assert hashlib.sha256(data).hexdigest() == clip.blob
    assert clip == Clip(
        blob=clip.blob,
        poster=clip.poster,
        container=Container.MP4,
        width=64,
        height=48,
        frames=6,
        fps=8,
        seed=11,
        motion=clip.motion,
        bytes=len(data),
        seconds=clip.seconds,
        worker="worker-1",
        made_with=ServedModel("fake"),
        adjustments=(Adjustment("adjusted_tiling"),),
    )
    with Image.open(io.BytesIO(await blobs.get(clip.poster))) as poster:
        assert (poster.format, poster.size) == ("PNG", (64, 48))


@pytest.mark.parametrize("container", Container)
async def test_the_file_is_of_the_ordered_container(container: Container, blobs: Blobs) -> None:
    order = await ordered(blobs)
    order = replace(order, request=replace(order.request, container=container))
    clip = await outcome(order, blobs)
    assert isinstance(clip, Clip)
    assert clip.container is container
    data = await blobs.get(clip.blob)
    if container is Container.GIF:
        with Image.open(io.BytesIO(data)) as gif:
            assert (gif.format, getattr(gif, "n_frames", 1)) == ("GIF", 6)
    else:
        check_clip_file(data, container)


async def test_an_order_for_another_model_is_not_made_with_this_one(blobs: Blobs) -> None:
    worker = CheckedGenerator(
        InProcessEngine(), blobs, decode_in_process, "worker-1", ServedModel("i2vgen-xl")
    )
    assert await worker(await ordered(blobs), RecordingReporter()) == Failure(
        "failed_model_missing"
    )


async def test_the_same_order_gives_the_same_bytes(blobs: Blobs) -> None:
    first = await outcome(await ordered(blobs), blobs)
    again = await outcome(await ordered(blobs, attempt=2, job="other"), blobs)
    assert isinstance(first, Clip)
    assert isinstance(again, Clip)
    assert await same_clip(first, again, blobs)


async def test_a_clip_can_be_made_again_from_its_own_file(blobs: Blobs) -> None:
    order = await ordered(blobs, "镜头 pan; right = \\ 50% #1")
    clip = await outcome(order, blobs)
    assert isinstance(clip, Clip)
    facts = parameters_in(await blobs.get(clip.blob))
    assert facts.pop("resolved_motion") == "pan_right"
    assert decode(GenerationRequest, facts) == order.request


async def test_the_best_of_several_names_its_own_seed(blobs: Blobs) -> None:
    order = await ordered(blobs)
    order = replace(order, request=replace(order.request, candidates=3))
    clip = await outcome(order, blobs)
    assert isinstance(clip, Clip)
    facts = parameters_in(await blobs.get(clip.blob))
    assert (facts["seed"], facts["candidates"]) == (clip.seed, 1)


async def test_progress_and_previews_are_passed_on(blobs: Blobs) -> None:
    reporter = RecordingReporter()
    await outcome(await ordered(blobs), blobs, reporter=reporter)
    stages = [progress.stage for progress, _ in reporter.updates]
    assert stages == [Stage.PREPARING, *[Stage.DENOISING] * 4, Stage.DECODING, Stage.ENCODING]
    assert [preview for _, preview in reporter.updates if preview] == [PREVIEW]


async def test_a_cold_engine_reports_loading(blobs: Blobs) -> None:
    engine, reporter = InProcessEngine(), RecordingReporter()
    engine.engine = None
    await outcome(await ordered(blobs), blobs, engine, reporter)
    assert [told[0].stage for told in reporter.updates[:2]] == [Stage.LOADING, Stage.PREPARING]


async def test_a_download_of_the_weights_is_told_in_mebibytes(blobs: Blobs) -> None:
    engine, reporter = InProcessEngine(), RecordingReporter()
    engine.engine, engine.download = None, (Downloading(1 << 20, 4_980_000_000),)
    await outcome(await ordered(blobs), blobs, engine, reporter)
    assert [told[0] for told in reporter.updates[:2]] == [
        Progress(Stage.LOADING, 0, 4),
        Progress(Stage.DOWNLOADING, 1, 4749),
    ]


@pytest.mark.parametrize("stage", [Stage.PREPARING, Stage.DENOISING, Stage.ENCODING])
async def test_a_cancel_at_any_stage_leaves_no_clip(stage: Stage, blobs: Blobs) -> None:
    order = await ordered(blobs, "slow")
    assert await outcome(order, blobs, reporter=RecordingReporter(stage)) == Failure(
        "failed_cancelled", cancelled=True
    )


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (EngineDied("signal 9"), Failure("failed_worker_error", retryable=True)),
        (NotLoaded("no weights"), Failure("failed_model_missing", retryable=True)),
        (MemoryError(), Failure("failed_out_of_memory")),
        (RuntimeError("a bug"), Failure("failed_worker_error", retryable=True)),
    ],
)
async def test_every_error_becomes_a_failure(
    error: Exception, failure: Failure, blobs: Blobs, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL, "gpu_worker"):
        assert await outcome(await ordered(blobs), blobs, InProcessEngine(error)) == failure


async def test_out_of_memory_and_refusals_are_final(blobs: Blobs) -> None:
    assert await outcome(await ordered(blobs, "oom"), blobs) == Failure("failed_out_of_memory")
    assert await outcome(await ordered(blobs, "refuse"), blobs) == Failure(
        "failed_refused", (("reason", "asked to"),)
    )


async def test_a_missing_picture_fails(blobs: Blobs) -> None:
    order = await ordered(blobs)
    await blobs.delete(order.request.picture)
    assert await outcome(order, blobs) == Failure("picture_gone")


async def test_a_file_that_is_no_picture_fails(blobs: Blobs) -> None:
    order = await ordered(blobs)
    request = replace(order.request, picture=await blobs.put(b"no picture"))
    assert await outcome(replace(order, request=request), blobs) == Failure("picture_not_an_image")


async def test_a_clip_that_fits_no_limit_fails(blobs: Blobs) -> None:
    failure = await outcome(await ordered(blobs, size_limit=500), blobs)
    assert isinstance(failure, Failure)
    assert (failure.key, failure.retryable) == ("failed_too_large", False)
    assert dict(failure.parameters)["limit"] == "500"


async def test_a_clip_made_smaller_has_an_adjustment(blobs: Blobs) -> None:
    order = await ordered(blobs)
    request = replace(order.request, width=256, height=192, frames=12)
    whole = await outcome(replace(order, request=request, size_limit=1 << 20), blobs)
    assert isinstance(whole, Clip)
    for share in range(3, 20):
        clip = await outcome(
            replace(order, request=request, size_limit=whole.bytes // share), blobs
        )
        if isinstance(clip, Clip) and clip.width < 256:
            size = (("width", str(clip.width)), ("height", str(clip.height)))
            assert clip.adjustments == (Adjustment("adjusted_to_size_limit", size),)
            return
    pytest.fail("no limit made it shrink")


@pytest.mark.parametrize("away", [{"puts": 2}, {"gets": 2}])
async def test_a_store_that_is_away_for_a_moment_is_retried(
    away: dict[str, int], blobs: Blobs
) -> None:
    order = await ordered(blobs)
    assert isinstance(await outcome(order, FlakyBlobs(blobs, **away)), Clip)


@pytest.mark.parametrize("away", [{"puts": 99}, {"gets": 99}])
async def test_a_store_that_stays_away_or_full_fails(away: dict[str, int], blobs: Blobs) -> None:
    order = await ordered(blobs)
    assert await outcome(order, FlakyBlobs(blobs, **away)) == Failure("failed_storage")


async def test_a_full_disk_under_the_encoder_fails(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Callable[[], None]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    assert await outcome(await ordered(blobs), blobs) == Failure("failed_storage")


@pytest.mark.parametrize("held", ["", "other/depth"])
async def test_a_worker_without_the_depth_model_does_not_make_a_flat_clip(
    blobs: Blobs, held: str
) -> None:
    order = await ordered(blobs)
    deep = replace(order, request=replace(order.request, depth_model="some/depth"))
    for depth_model, key in ((held, "failed_model_missing"), ("some/depth", "")):
        generator = CheckedGenerator(
            InProcessEngine(),
            blobs,
            decode_in_process,
            "w",
            ServedModel("fake"),
            depth_model=depth_model,
        )
        made = await generator(deep, RecordingReporter())
        assert (made.key if isinstance(made, Failure) else "") == key


async def test_an_end_picture_is_fetched_beside_the_first(blobs: Blobs) -> None:
    order, engine = await ordered(blobs), InProcessEngine()
    second = png((96, 96), "red")
    ends = replace(order.request, end_picture=await blobs.put(second))
    assert isinstance(await outcome(replace(order, request=ends), blobs, engine), Clip)
    end = engine.canvases[-1].end
    assert end is not None
    assert (end.size, end.fitted[0, 0].tolist()) == ((64, 48), [255, 0, 0])
    await blobs.delete(ends.end_picture)
    failure = await outcome(replace(order, request=ends), blobs)
    assert isinstance(failure, Failure)
    assert (failure.key, failure.retryable) == ("failed_end_picture_gone", False)


async def test_a_styles_file_is_where_the_engine_reads_it_before_a_clip_is_made(
    blobs: Blobs, tmp_path: Path
) -> None:
    key, files = await blobs.put(b"adapter"), StyleFiles(tmp_path / "styles")
    order = await ordered(blobs)
    styled = replace(order, request=replace(order.request, style=Style("ink", 0.5, key)))

    async def made(styles: StyleFiles | None) -> Clip | Failure:
        generator = CheckedGenerator(
            InProcessEngine(), blobs, decode_in_process, "w", ServedModel("fake"), styles=styles
        )
        return await generator(styled, RecordingReporter())

    assert await made(None) == Failure("style_model")
    assert isinstance(await made(files), Clip)
    assert (files.folder / key).read_bytes() == b"adapter"
    await blobs.delete(key)
    assert isinstance(await made(files), Clip)
    (files.folder / key).unlink()
    assert await made(files) == Failure("style_gone", (("name", "ink"),))

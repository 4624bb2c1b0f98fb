"""A story is made segment by segment, and what is finished is never made again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from gpu_worker.engine.api import OnProgress, Result
from gpu_worker.engine.connection import EngineDied
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from storage.blobs import Blobs
from storage.codec import decode
from storage.domain.camera.motion import Camera
from storage.domain.clip import Clip, Failure
from storage.domain.models.served_model import ServedModel
from storage.domain.progress import Stage
from storage.domain.prompt.story import with_segments
from storage.domain.request import GenerationRequest
from storage.queue.messages.orders import Order
from storage.queue.messages.outcomes import read_segment, write_segment
from tests.gpu_worker.chains.steps_between import steps_between
from tests.gpu_worker.test_generate import RecordingReporter, comment_in, ordered
from tests.support.credentials.signing import CheckedGenerator, same_clip
from tests.support.in_process_engine import InProcessEngine, decode_in_process

PROMPTS = ("zoom in", "pan right", "tilt up", "hold still")


@dataclass
class CountingEngine(InProcessEngine):
    """An engine that keeps the requests, and dies at one of them."""

    dies_at: int = -1
    made: list[GenerationRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        if len(self.made) == self.dies_at:
            raise EngineDied
        self.made.append(request)
        return await super().generate(request, canvas, on_progress, cancelled)


@pytest.fixture
def blobs() -> Blobs:
    return Blobs.open("memory:///")


async def story(blobs: Blobs, count: int = 4) -> Order:
    order = await ordered(blobs, "\n".join(PROMPTS[:count]))
    return replace(order, request=with_segments(order.request, [Camera()] * count))


async def outcome(
    order: Order, blobs: Blobs, engine: InProcessEngine, reporter: RecordingReporter
) -> Clip | Failure:
    return await CheckedGenerator(engine, blobs, decode_in_process, "w", ServedModel("fake"))(
        order, reporter
    )


async def frames_in(clip: Clip | Failure, blobs: Blobs) -> Frames:
    assert isinstance(clip, Clip)
    with open_clip(await blobs.get(clip.blob)) as frames:
        return np.stack(list(frames))


async def test_each_segment_opens_with_the_last_frame_of_the_one_before(blobs: Blobs) -> None:
    engine, reporter = CountingEngine(), RecordingReporter()
    clip = await outcome(await story(blobs), blobs, engine, reporter)
    frames = await frames_in(clip, blobs)
    assert isinstance(clip, Clip)
    assert (clip.frames, len(frames), clip.seed) == (4 * 5 + 1, 21, 11)
    assert [request.prompt for request in engine.made] == list(PROMPTS)
    assert [bool(request.source) for request in engine.made] == [False, True, True, True]
    fitted = engine.canvases[0].fitted
    for request, canvas in zip(engine.made, [*engine.canvases[1:], None], strict=True):
        fitted = np.roll(fitted, -5 * (1 + request.seed % 5), axis=1)  # as the fake engine does
        if canvas is not None:
            assert np.array_equal(canvas.fitted, fitted)
    steps = steps_between(frames)
    assert steps[[5, 10, 15]].max() < 2 * np.median(steps)


async def test_progress_is_that_of_the_story(blobs: Blobs) -> None:
    reporter = RecordingReporter()
    await outcome(await story(blobs, 2), blobs, CountingEngine(), reporter)
    made = [one for one, _ in reporter.updates if one.stage is Stage.DENOISING]
    assert [(one.segment, one.segments) for one in made] == [(1, 2)] * 4 + [(2, 2)] * 4
    shares = [one.share for one in made]
    assert shares == sorted(shares)
    assert (shares[3], shares[-1]) == (0.5, 1.0)
    assert all((one.eta or 0.0) >= 2.0 for one in made[:4]), "the second segment is counted too"
    assert reporter.updates[-1][0].stage is Stage.ENCODING


async def test_the_file_lists_the_segments_and_makes_the_story_again(blobs: Blobs) -> None:
    order = await story(blobs)
    clip = await outcome(order, blobs, CountingEngine(), RecordingReporter())
    assert isinstance(clip, Clip)
    comment = comment_in(await blobs.get(clip.blob))
    assert [(part["prompt"], part["frames"]) for part in comment["segments"]] == [
        ("zoom in", 6),
        ("pan right", 5),
        ("tilt up", 5),
        ("hold still", 5),
    ]
    facts = comment["mutoscope"]
    del facts["resolved_motion"]
    assert decode(GenerationRequest, facts) == order.request


@pytest.mark.parametrize("dies_at", [0, 1, 2, 3])
async def test_a_later_attempt_goes_on_where_an_earlier_one_died(
    blobs: Blobs, dies_at: int
) -> None:
    order, reporter = await story(blobs), RecordingReporter()
    whole = await outcome(order, blobs, CountingEngine(), RecordingReporter())
    failure = await outcome(order, blobs, CountingEngine(dies_at=dies_at), reporter)
    assert failure == Failure("failed_worker_error", retryable=True)
    assert len(reporter.segments.kept) == dies_at
    later, again = CountingEngine(), RecordingReporter()
    again.segments.kept = [read_segment(write_segment(one)) for one in reporter.segments.kept]
    clip = await outcome(order, blobs, later, again)
    assert len(later.made) == 4 - dies_at
    assert isinstance(clip, Clip)
    assert isinstance(whole, Clip)
    assert await same_clip(clip, whole, blobs), "to the byte"


async def test_a_story_of_which_all_is_made_asks_no_engine(blobs: Blobs) -> None:
    order, reporter, engine = await story(blobs), RecordingReporter(), CountingEngine()
    await outcome(order, blobs, engine, reporter)
    stopped = replace(order, request=replace(order.request, stopped_after=2))
    engine.engine, again = None, RecordingReporter()
    again.segments = reporter.segments
    clip = await outcome(stopped, blobs, engine, again)
    assert (len(await frames_in(clip, blobs)), len(engine.made)) == (11, 4)
    assert [one.stage for one, _ in again.updates] == [Stage.ENCODING]


@pytest.mark.parametrize("fault", ["deleted", "no clip", "last deleted", "other story", "longer"])
async def test_a_segment_that_is_not_what_it_was_is_made_again(blobs: Blobs, fault: str) -> None:
    order, reporter = await story(blobs, 2), RecordingReporter()
    await outcome(order, blobs, CountingEngine(), reporter)
    first, second = reporter.segments.kept
    if fault == "deleted":
        await blobs.delete(second.blob)
    elif fault == "last deleted":
        await blobs.delete(second.last)
    elif fault == "no clip":
        second = replace(second, blob=await blobs.put(b"no clip"))
    elif fault == "other story":
        second = replace(second, made_from="f" * 64)
    else:
        second = replace(second, frames=5)
    again, engine = RecordingReporter(), CountingEngine()
    again.segments.kept = [first, second]
    clip = await outcome(order, blobs, engine, again)
    assert (len(engine.made), len(await frames_in(clip, blobs))) == (1, 11)


async def test_a_cancel_keeps_what_is_finished(blobs: Blobs) -> None:
    class StoppedReporter(RecordingReporter):
        async def progress(self, progress: object, preview: bytes | None = None) -> None:
            if getattr(progress, "segment", 0) == 3:
                self.cancelled.set()

    order = await ordered(blobs, "slow\nslow\nslow")
    order = replace(order, request=with_segments(order.request, [Camera()] * 3))
    reporter = StoppedReporter()
    assert await outcome(order, blobs, CountingEngine(), reporter) == Failure(
        "failed_cancelled", cancelled=True
    )
    assert len(reporter.segments.kept) == 2


async def test_nothing_is_kept_in_the_folder_of_temporary_files(
    blobs: Blobs, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    assert isinstance(
        await outcome(await story(blobs), blobs, CountingEngine(), RecordingReporter()), Clip
    )
    assert list(folder.iterdir()) == []

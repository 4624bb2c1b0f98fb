"""A clip that goes on knows the first picture, and where the camera looks at it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gpu_worker.engine.api import Result
from gpu_worker.media.clips.clip_parts import view_in
from gpu_worker.outcome import metadata
from storage.blobs import Blobs
from storage.codec import CodecError
from storage.domain.camera.motion import Camera, Motion, Pose
from storage.domain.clip import Clip
from storage.domain.finish import Finish
from storage.domain.models.served_model import ServedModel
from storage.domain.prompt.story import with_segments
from storage.domain.request import DenoisedShape, GenerationRequest
from storage.queue.messages.orders import Order
from storage.queue.messages.outcomes import read_segment, write_segment
from tests.gpu_worker.test_generate import RecordingReporter, ordered
from tests.storage.test_clip_comment import mp4
from tests.support.credentials.signing import CheckedGenerator, same_clip
from tests.support.in_process_engine import InProcessEngine, decode_in_process

RENDERED = DenoisedShape(32, 32, 4)


@pytest.fixture
def blobs() -> Blobs:
    return Blobs.open("memory:///")


async def made(
    request: GenerationRequest, blobs: Blobs, reporter: RecordingReporter | None = None
) -> tuple[Clip, InProcessEngine]:
    """Return a clip, and the engine that made it."""
    engine = InProcessEngine()
    served = ServedModel("fake")
    worker = CheckedGenerator(engine, blobs, decode_in_process, "w", served, depth_model="depth")
    clip = await worker(Order("job", 1, request, 10**7), reporter or RecordingReporter())
    assert isinstance(clip, Clip), clip
    return clip, engine


async def story(blobs: Blobs, **changes: object) -> GenerationRequest:
    """Return a story of three segments, rendered unless the changes say otherwise."""
    order = await ordered(blobs, "zoom in\npan right\nzoom out")
    request = replace(order.request, denoised=RENDERED, **changes)  # type: ignore[arg-type]  # by name
    return with_segments(request, [Camera()] * 3)


def looks(engine: InProcessEngine) -> list[float | None]:
    """Return how far to the right each clip's origin is seen, None where there is none."""
    origins = [canvas.origin for canvas in engine.canvases]
    return [None if origin is None else round(origin.pose.dx, 3) for origin in origins]


async def test_each_segment_is_a_view_of_the_first_picture(blobs: Blobs) -> None:
    _, engine = await made(await story(blobs), blobs)
    assert looks(engine) == [None, 0.1, 0.2]
    first, _, last = engine.canvases
    assert last.origin is not None
    assert np.array_equal(last.origin.canvas.source, first.source)
    assert not np.array_equal(last.source.shape, first.source.shape)


async def test_a_later_attempt_goes_on_from_the_same_view(blobs: Blobs) -> None:
    request, reporter, again = await story(blobs), RecordingReporter(), RecordingReporter()
    whole, _ = await made(request, blobs, reporter)
    again.segments.kept = [read_segment(write_segment(one)) for one in reporter.segments.kept[:2]]
    clip, engine = await made(request, blobs, again)
    assert looks(engine) == [0.2]
    assert await same_clip(clip, whole, blobs)
    far = replace(reporter.segments.kept[0], view=Pose(zoom=1e9))
    with pytest.raises(CodecError, match="view"):
        read_segment(write_segment(far))


async def test_an_extension_goes_on_from_where_the_clip_looked(blobs: Blobs) -> None:
    request = await story(blobs)
    before, _ = await made(request, blobs)
    view = view_in(await blobs.get(before.blob))
    assert view is not None
    assert view.dx == pytest.approx(0.3)
    onwards = replace(request, segments=(), prompt="on", source=before.blob)
    longer, engine = await made(onwards, blobs)
    assert looks(engine) == [0.3]
    await blobs.delete(request.picture)
    _, engine = await made(replace(onwards, source=longer.blob), blobs)
    assert looks(engine) == [None], "the last frame is all that there is"


@pytest.mark.parametrize("changes", [{"depth_model": "depth"}, {"denoised": None}])
async def test_what_is_not_rendered_from_a_flat_picture_goes_on_from_the_frame(
    blobs: Blobs, changes: dict[str, object]
) -> None:
    request = replace(await story(blobs), **changes)  # type: ignore[arg-type]  # by name
    before, engine = await made(request, blobs)
    assert looks(engine) == [None, None, None]
    onwards = replace(request, segments=(), prompt="on", source=before.blob)
    _, engine = await made(onwards, blobs)
    assert looks(engine) == [None]
    assert before.frames == 3 * 5 + 1


@pytest.mark.parametrize(
    ("finish", "kept"),
    [
        (None, True),
        (Finish(upscale=2), True),
        (Finish(reverse=True), False),
        (Finish(loop=True), False),
    ],
)
async def test_a_clip_that_ends_elsewhere_says_nothing(
    blobs: Blobs, finish: Finish | None, kept: bool
) -> None:
    request = replace((await ordered(blobs)).request, finish=finish)
    frames = np.zeros((6, 48, 64, 3), np.uint8)
    made = Result(frames, 1, Motion.PAN_LEFT, view=Pose(dx=0.1))
    assert ("view" in json.loads(metadata(request, made)["comment"])) is kept


@pytest.mark.parametrize("view", [{"dx": 1e9}, {"dx": "far"}, {"zoom": 0}, [], {"tilt": 1}])
def test_a_view_that_none_of_ours_has_is_none(view: object) -> None:
    assert view_in(mp4(json.dumps({"view": view}).encode())) is None

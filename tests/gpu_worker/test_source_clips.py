"""An order that changes a finished clip is made from its file, and no engine is asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.encode import encode, poster
from gpu_worker.media.frames import Frames
from storage.blobs import Blobs
from storage.codec import decode
from storage.domain.camera.motion import Motion, Reading
from storage.domain.clip import Clip, Container, Failure
from storage.domain.finish import Finish
from storage.domain.models.served_model import ServedModel
from storage.domain.progress import Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages.orders import Order
from storage.queue.slots import SlotQueue
from tests.gpu_worker.media.test_encode import PLENTY, psnr, scene
from tests.gpu_worker.test_generate import RecordingReporter, parameters_in
from tests.support.credentials.signing import CheckedGenerator
from tests.support.in_process_engine import InProcessEngine, decode_in_process

FRAMES = scene(10, 96, 64)


class UnloadedEngine(InProcessEngine):
    """An engine that is never ready."""

    engine = None

    async def ready(self, cancelled: asyncio.Event, on_download: object) -> None:
        pytest.fail("nothing here needs the engine")


@pytest.fixture
def blobs() -> Blobs:
    return Blobs.open("memory:///")


async def order_of(
    blobs: Blobs, finish: Finish, container: Container = Container.MP4, frames: Frames = FRAMES
) -> Order:
    source = await blobs.put(encode(frames, 8, PLENTY, {}).data)
    height, width = frames.shape[1:3]
    request = GenerationRequest(
        "a" * 64, "pan right", "fake", width, height, len(frames), 8, 4, 1.0, seed=11
    )
    reading = Reading(Motion.PAN_RIGHT)
    request = replace(request, source=source, finish=finish, container=container, reading=reading)
    return Order("job", 1, request, PLENTY)


async def outcome(
    order: Order, blobs: Blobs, reporter: RecordingReporter | None = None
) -> Clip | Failure:
    worker = CheckedGenerator(UnloadedEngine(), blobs, decode_in_process, "w", ServedModel("fake"))
    return await worker(order, reporter or RecordingReporter())


async def frames_of(clip: Clip | Failure, blobs: Blobs) -> Frames:
    assert isinstance(clip, Clip)
    with open_clip(await blobs.get(clip.blob), clip.container) as frames:
        return np.stack(list(frames))


async def test_a_clip_is_reversed_without_the_engine(blobs: Blobs) -> None:
    reporter = RecordingReporter()
    order = await order_of(blobs, Finish(reverse=True))
    clip = await outcome(order, blobs, reporter)
    seen = await frames_of(clip, blobs)
    assert len(seen) == len(FRAMES)
    for place, frame in enumerate(seen):
        likeness = [psnr(frame[None], other[None]) for other in FRAMES]
        assert int(np.argmax(likeness)) == len(FRAMES) - 1 - place
        assert max(likeness) > 38
    assert isinstance(clip, Clip)
    assert (clip.seed, clip.motion, clip.fps, clip.frames) == (11, Motion.PAN_LEFT, 8, 10)
    stages = [progress.stage for progress, _ in reporter.updates]
    assert stages == [Stage.PREPARING, *[Stage.FINISHING] * 10, Stage.ENCODING]
    assert reporter.updates[5][0].step == 5


async def test_its_file_names_what_makes_and_finishes_it_without_the_source(blobs: Blobs) -> None:
    order = await order_of(blobs, Finish(reverse=True))
    clip = await outcome(order, blobs)
    assert isinstance(clip, Clip)
    facts = parameters_in(await blobs.get(clip.blob))
    assert facts.pop("resolved_motion") == "pan_right"
    again = decode(GenerationRequest, facts)
    assert again == replace(order.request, source="", reading=None)


@pytest.mark.parametrize("container", Container)
async def test_a_clip_is_written_in_another_format(container: Container, blobs: Blobs) -> None:
    clip = await outcome(await order_of(blobs, Finish(), container), blobs)
    assert psnr(await frames_of(clip, blobs), FRAMES) > 28


async def test_the_engine_is_free_for_others_meanwhile(blobs: Blobs) -> None:
    slots = SlotQueue()
    reporter = RecordingReporter(stop_at=Stage.PREPARING)
    reporter.slot = slots.request(lambda: None)
    waiting = slots.request(lambda: None)
    await outcome(await order_of(blobs, Finish(reverse=True)), blobs, reporter)
    assert waiting.acquired.is_set()


async def test_a_cancel_ends_it_within_a_frame(blobs: Blobs) -> None:
    reporter = RecordingReporter(stop_at=Stage.FINISHING)
    order = await order_of(blobs, Finish(reverse=True), frames=scene(60, 320, 240))
    assert await outcome(order, blobs, reporter) == Failure("failed_cancelled", cancelled=True)
    assert len(reporter.updates) < 50


async def test_a_source_that_is_gone_or_damaged_is_said_to_be(blobs: Blobs) -> None:
    order = await order_of(blobs, Finish(reverse=True))
    await blobs.delete(order.request.source)
    assert await outcome(order, blobs) == Failure("failed_source_gone")
    damaged = await blobs.put(b"\0" * 1000)
    order = replace(order, request=replace(order.request, source=damaged))
    assert await outcome(order, blobs) == Failure("failed_source_damaged")


async def test_a_model_makes_a_clip_and_it_is_finished(blobs: Blobs) -> None:
    order = await order_of(blobs, Finish(reverse=True))
    plain = replace(
        order.request, source="", finish=None, picture=await blobs.put(poster(FRAMES[0]))
    )
    worker = CheckedGenerator(InProcessEngine(), blobs, decode_in_process, "w", ServedModel("fake"))
    forwards = await worker(replace(order, request=plain), RecordingReporter())
    backwards = await worker(
        replace(order, request=replace(plain, finish=Finish(reverse=True))), RecordingReporter()
    )
    seen = await frames_of(backwards, blobs)
    assert psnr(seen, (await frames_of(forwards, blobs))[::-1]) > 38
    assert isinstance(backwards, Clip)
    facts = parameters_in(await blobs.get(backwards.blob))
    assert facts["finish"] == {"upscale": 1, "fps": 0, "loop": False, "reverse": True}

"""A clip goes on from its last frame: one file, each frame once, and no jump at the joint."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.encode import encode
from gpu_worker.media.frames import Frames
from storage.blobs import Blobs
from storage.domain.clip import Clip, Container, Failure
from storage.domain.models.served_model import ServedModel
from storage.domain.request import GenerationRequest
from storage.queue.messages.orders import Order
from tests.gpu_worker.chains.steps_between import steps_between
from tests.gpu_worker.media.test_encode import PLENTY, psnr, scene
from tests.gpu_worker.test_generate import RecordingReporter, comment_in
from tests.support.credentials.signing import CheckedGenerator
from tests.support.in_process_engine import InProcessEngine, decode_in_process

BEFORE = scene(10, 96, 64)
OWN = {"mutoscope": {"prompt": "wait", "seed": 5, "resolved_motion": "static", "more": 1}}


@pytest.fixture
def blobs() -> Blobs:
    return Blobs.open("memory:///")


async def order_of(
    blobs: Blobs,
    *,
    before: Frames = BEFORE,
    comment: str = json.dumps(OWN),
    container: Container = Container.MP4,
    **changes: object,
) -> Order:
    """Return an order that goes on from a clip of 96 x 64 pixels, which it stores."""
    data = encode(before, 8, PLENTY, {"comment": comment}, container).data
    source = await blobs.put(data)
    request = GenerationRequest(
        "a" * 64, "pan right", "fake", 96, 64, 6, 8, 4, 1.0, seed=11, source=source
    )
    return Order("job", 1, replace(request, **changes), PLENTY)  # type: ignore[arg-type]  # by name


async def outcome(order: Order, blobs: Blobs) -> Clip | Failure:
    worker = CheckedGenerator(InProcessEngine(), blobs, decode_in_process, "w", ServedModel("fake"))
    return await worker(order, RecordingReporter())


async def extended(order: Order, blobs: Blobs) -> tuple[Clip, Frames]:
    clip = await outcome(order, blobs)
    assert isinstance(clip, Clip)
    with open_clip(await blobs.get(clip.blob), clip.container) as frames:
        return clip, np.stack(list(frames))


async def test_both_parts_are_one_clip_with_the_frame_at_the_joint_once(blobs: Blobs) -> None:
    clip, frames = await extended(await order_of(blobs), blobs)
    assert (clip.frames, len(frames), clip.fps) == (15, 15, 8)
    assert psnr(frames[:10], BEFORE) > 36
    last = BEFORE[9]
    for number, frame in enumerate(frames[10:], start=1):  # the fake engine rolls by two pixels
        assert psnr(frame[None], np.roll(last, -2 * number, axis=1)[None]) > 30


async def test_nothing_jumps_at_the_joint(blobs: Blobs) -> None:
    _, frames = await extended(await order_of(blobs), blobs)
    steps = steps_between(frames)
    assert steps[9] < 2 * np.median(steps)
    levels = frames.mean(axis=(1, 2))
    assert np.abs(np.diff(levels[8:12], axis=0)).max() < 3


async def test_the_file_lists_its_parts_and_names_what_it_goes_on_from(blobs: Blobs) -> None:
    order = await order_of(blobs)
    first, _ = await extended(order, blobs)
    comment = comment_in(await blobs.get(first.blob))
    assert comment["mutoscope"]["source"] == order.request.source
    parts = [
        {"prompt": "wait", "seed": 5, "motion": "static", "frames": 10},
        {"prompt": "pan right", "seed": 11, "motion": "pan_right", "frames": 5},
    ]
    assert comment["segments"] == parts
    again = replace(order.request, source=first.blob, prompt="on", seed=12)
    second, frames = await extended(replace(order, request=again), blobs)
    assert len(frames) == 20
    last = {"prompt": "on", "seed": 12, "motion": "pan_right", "frames": 5}
    assert comment_in(await blobs.get(second.blob))["segments"] == [*parts, last]


@pytest.mark.parametrize("comment", ["", "{", '{"mutoscope": []}', '{"segments": [{"seed": "x"}]}'])
async def test_a_clip_without_our_comment_is_extended_too(blobs: Blobs, comment: str) -> None:
    clip, _ = await extended(await order_of(blobs, comment=comment), blobs)
    [part] = comment_in(await blobs.get(clip.blob))["segments"]
    assert (part["prompt"], part["frames"]) == ("pan right", 5)


async def test_a_clip_that_was_made_smaller_is_brought_to_the_size_of_the_order(
    blobs: Blobs,
) -> None:
    order = await order_of(blobs, width=192, height=128)
    clip, frames = await extended(order, blobs)
    assert (clip.width, clip.height, len(frames)) == (192, 128, 15)
    assert steps_between(frames)[9] < 2 * np.median(steps_between(frames))


@pytest.mark.parametrize("container", [Container.GIF, Container.WEBP])
async def test_an_animated_picture_is_extended(blobs: Blobs, container: Container) -> None:
    _, frames = await extended(await order_of(blobs, container=container), blobs)
    assert len(frames) == 15
    assert psnr(frames[:10], BEFORE) > 20


async def test_a_clip_that_is_gone_or_damaged_fails(blobs: Blobs) -> None:
    order = await order_of(blobs)
    broken = replace(order.request, source=await blobs.put(b"no clip"))
    assert await outcome(replace(order, request=broken), blobs) == Failure("failed_source_damaged")
    await blobs.delete(order.request.source)
    assert await outcome(order, blobs) == Failure("failed_source_gone")

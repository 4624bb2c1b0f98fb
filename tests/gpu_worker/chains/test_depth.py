"""Segments and extensions that are ordered with a depth model move through the scene."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gpu_worker.engine.api import OnProgress, Result
from gpu_worker.engine.messages import Downloading
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.clips.clip_parts import view_in
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.render.depth.scene import Scene
from storage.blobs import Blobs
from storage.domain.camera.motion import Camera
from storage.domain.clip import Clip, Failure
from storage.domain.models.served_model import ServedModel
from storage.domain.prompt.reading import with_reading
from storage.domain.prompt.story import with_segments
from storage.domain.request import DenoisedShape, GenerationRequest
from storage.queue.messages.orders import Order
from tests.gpu_worker.chains.steps_between import steps_between
from tests.gpu_worker.models.depth.tiny_models import write_depth_anything
from tests.gpu_worker.test_generate import RecordingReporter
from tests.support.backend import png
from tests.support.credentials.signing import CheckedGenerator
from tests.support.in_process_engine import decode_in_process
from tests.support.models import load_engine, moved_checkpoint, one_thread, tiny_request

__all__ = ["moved_checkpoint", "one_thread"]  # fixtures


class SceneEngine:
    """A loaded model as the generator sees it, which keeps what it made."""

    engine: object | None = "loaded"

    def __init__(self, model: I2VGenXL) -> None:
        self._model = model
        self.made: list[Result] = []

    async def ready(
        self, _cancelled: asyncio.Event, _on_download: Callable[[Downloading], None]
    ) -> None:
        """Be ready at once."""

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        del on_progress
        make = self._model.generate
        self.made.append(
            await asyncio.to_thread(make, request, canvas, lambda *_: None, cancelled.is_set)
        )
        return self.made[-1]


@pytest.fixture(scope="module")
def deep(moved_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> I2VGenXL:
    """Load the tiny checkpoint beside a tiny depth estimator."""
    folder = write_depth_anything(tmp_path_factory.mktemp("depth"))
    return load_engine(moved_checkpoint, depth_model=str(folder))


async def outcome(
    request: GenerationRequest, blobs: Blobs, engine: SceneEngine, depth_model: str = "depth"
) -> Clip | Failure:
    """Return what a worker with this depth model makes of a request."""
    served = ServedModel("tiny")
    worker = CheckedGenerator(
        engine, blobs, decode_in_process, "w", served, depth_model=depth_model
    )
    return await worker(Order("job", 1, request, 1 << 30), RecordingReporter())


@pytest.mark.filterwarnings("ignore")
async def test_a_story_and_its_extension_move_through_the_scene(deep: I2VGenXL) -> None:
    blobs = Blobs.open("memory:///")
    request = tiny_request(
        picture=await blobs.put(png((96, 96))),
        prompt="pan left\nzoom in",
        **{"width": 96, "height": 96, "frames": 6, "denoised": DenoisedShape(64, 64, 4)},
        depth_model="depth",
    )
    story, engine = with_segments(request, [Camera()] * 2), SceneEngine(deep)
    clip = await outcome(story, blobs, engine)
    assert isinstance(clip, Clip), clip
    assert clip.frames == 11
    onwards = with_reading(
        tiny_request(
            picture=request.picture,
            source=clip.blob,
            prompt="tilt up",
            **{"width": 96, "height": 96, "frames": 6, "denoised": DenoisedShape(64, 64, 4)},
            depth_model="depth",
        )
    )
    longer = await outcome(onwards, blobs, engine)
    assert isinstance(longer, Clip), longer
    assert [type(one.frames) for one in engine.made] == [Scene] * 3
    data = await blobs.get(longer.blob)
    assert view_in(data) is None, "the scene is seen from another place in each part"
    with open_clip(data) as frames:
        steps = steps_between(np.stack(list(frames)))
    assert len(steps) == 15
    assert steps[[5, 10]].max() <= 2 * max(np.median(steps), 1.0)
    assert await outcome(story, blobs, engine, "") == Failure("failed_model_missing")

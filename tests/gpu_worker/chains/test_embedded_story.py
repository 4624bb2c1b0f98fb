"""The embedded model's stories and extensions: each part moves as asked, and no joint jumps."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import skimage.data
from PIL import Image

from gpu_worker.engine.api import OnProgress, Result
from gpu_worker.engine.messages import Downloading
from gpu_worker.media import motion, warp
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas, fit
from gpu_worker.models.i2vgen_xl.checkpoint.locate import EMBEDDED
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.blobs import Blobs
from storage.catalogue_file import load_catalogue
from storage.domain.camera.composition import compose
from storage.domain.camera.motion import Camera, Motion, Pose
from storage.domain.camera.path import plan
from storage.domain.clip import Clip, Failure
from storage.domain.models.served_model import ServedModel
from storage.domain.prompt.reading import with_reading
from storage.domain.prompt.story import with_segments
from storage.domain.request import DenoisedShape, GenerationRequest
from storage.queue.messages.orders import Order
from tests.gpu_worker.chains.steps_between import steps_between
from tests.gpu_worker.test_generate import RecordingReporter
from tests.support.credentials.signing import CheckedGenerator
from tests.support.in_process_engine import decode_in_process
from tests.support.models import load_engine, one_thread

__all__ = ["one_thread"]

ASKED = {
    "zoom in": Motion.ZOOM_IN,
    "pan left": Motion.PAN_LEFT,
    "tilt up": Motion.TILT_UP,
    "roll clockwise": Motion.ROLL_CLOCKWISE,
}
FRAMES = 16
STEP = FRAMES - 1


class LoadedEngine:
    """A model in this process, as the generator sees it."""

    engine: object | None = "loaded"

    def __init__(self, model: I2VGenXL) -> None:
        self._model = model

    async def ready(
        self, _cancelled: asyncio.Event, _on_download: Callable[[Downloading], None]
    ) -> None:
        """Be ready at once."""

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        _on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        make = self._model.generate
        return await asyncio.to_thread(make, request, canvas, lambda *_: None, cancelled.is_set)


@pytest.fixture(scope="module")
def engine() -> LoadedEngine:
    return LoadedEngine(load_engine(EMBEDDED))


@pytest.fixture
def blobs() -> Blobs:
    return Blobs.open("memory:///")


async def request_of(blobs: Blobs, prompt: str) -> GenerationRequest:
    """Return a request for clips of 256 pixels of a photograph that no training has seen."""
    target = io.BytesIO()
    Image.fromarray(cast(Any, skimage.data).coffee()).save(target, "PNG")
    picture = await blobs.put(target.getvalue())
    model = load_catalogue().model("embedded")
    request = model.request(
        (256, 256), picture=picture, prompt=prompt, seed=3, frames=FRAMES, steps=2
    )
    # What the network answers for matters little here, and takes most of the time.
    return replace(request, denoised=DenoisedShape(64, 64, 4))


async def made(request: GenerationRequest, blobs: Blobs, engine: LoadedEngine) -> Clip:
    worker = CheckedGenerator(engine, blobs, decode_in_process, "w", ServedModel("embedded"))
    clip: Clip | Failure = await worker(Order("job", 1, request, 1 << 30), RecordingReporter())
    assert isinstance(clip, Clip), clip
    return clip


async def frames_in(clip: Clip, blobs: Blobs) -> Frames:
    with open_clip(await blobs.get(clip.blob)) as frames:
        return np.stack(list(frames))


async def test_each_segment_moves_as_asked_and_an_extension_goes_on(
    blobs: Blobs, engine: LoadedEngine
) -> None:
    request = await request_of(blobs, "\n".join(ASKED))
    story = await made(with_segments(request, [Camera()] * 4), blobs, engine)
    frames = await frames_in(story, blobs)
    assert len(frames) == story.frames == 4 * STEP + 1
    for number, asked in enumerate(ASKED.values()):
        part = frames[number * STEP : (number + 1) * STEP + 1]
        assert motion.dominant(motion.measure(motion.track(part))) is asked
    steps = steps_between(frames)
    joints = [STEP, 2 * STEP, 3 * STEP]
    assert steps[joints].max() <= 2 * np.median(steps)

    going_on = with_reading(replace(request, prompt="zoom out", source=story.blob))
    longer = await frames_in(await made(going_on, blobs, engine), blobs)
    assert len(longer) == 5 * STEP + 1
    assert motion.dominant(motion.measure(motion.track(longer[4 * STEP :]))) is Motion.ZOOM_OUT
    steps = steps_between(longer)
    assert steps[4 * STEP] <= 2 * np.median(steps)
    levels = longer.mean(axis=(1, 2, 3))
    assert abs(levels[4 * STEP + 1] - levels[4 * STEP]) < 1.0


async def test_a_story_takes_the_first_pictures_pixels_where_it_shows_them(
    blobs: Blobs, engine: LoadedEngine
) -> None:
    request = await request_of(blobs, "zoom in\npan left\nzoom out")
    request = replace(request, frames=8)
    story = with_segments(request, [Camera()] * 3)
    frames = await frames_in(await made(story, blobs, engine), blobs)
    picture, view = fit(await blobs.get(request.picture), 256, 256), Pose()
    for number, segment in enumerate(story.segments):
        assert segment.reading is not None
        path = plan(
            Camera(), segment.reading, 3 + number, 8, float(request.fps), continues=number > 0
        )
        view = compose(view, path[-1], picture.aspect)
    source = (picture.source.shape[1], picture.source.shape[0])
    crop = warp.move(picture.source, picture.window, [view], picture.size)[0]
    shown = warp.uncovered(source, picture.window, [view], picture.size)[0] == 0
    assert shown.mean() > 0.9
    error = frames[-1][shown].astype(np.float64) - crop[shown]
    assert 10 * np.log10(255**2 / np.mean(error**2)) >= 32.0, "it was 14.5 dB from the frame alone"
    steps = steps_between(frames)
    assert steps[[7, 14]].max() <= 2 * np.median(steps)

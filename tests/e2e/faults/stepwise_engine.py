"""An engine without a model that moves the picture, in steps of a tenth of a second.

A worker runs it with ENGINE_FACTORY.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable

from PIL import Image

from gpu_worker.engine.api import Cancelled, OnProgress, Result
from gpu_worker.media import warp
from gpu_worker.media.picture import Canvas
from storage.domain.camera import path as camera_path
from storage.domain.camera.motion import Motion, Reading
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest

STEP_SECONDS = 0.1


class StepwiseEngine:
    """Obeys camera and seed, reports each step, and stops within one."""

    name = "stepwise"
    device = "cpu"

    def load(self) -> None:
        """Need no weights."""

    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        for step in range(1, request.steps + 1):
            if should_stop():
                raise Cancelled
            time.sleep(STEP_SECONDS)
            left = STEP_SECONDS * (request.steps - step)
            preview = webp(canvas) if step == request.steps // 3 else None
            on_progress(Progress(Stage.DENOISING, step, request.steps, eta=left), preview)
        reading = request.reading or Reading(Motion.DRIFT)
        path = camera_path.plan(request.camera, reading, request.seed, request.frames)
        frames = warp.move(canvas.source, canvas.window, path, canvas.size)
        return Result(frames, request.seed, reading.motion)


def webp(canvas: Canvas) -> bytes:
    """Return a preview of the kind that a model makes, of the picture and its negative."""
    small = Image.fromarray(canvas.fitted).resize((96, 96))
    target = io.BytesIO()
    small.save(target, "WEBP", save_all=True, append_images=[small.point(lambda v: 255 - v)])
    return target.getvalue()


def create(**_settings: object) -> StepwiseEngine:
    """Return the engine, whatever model was named."""
    return StepwiseEngine()

"""An engine that moves the picture along the path of the prompt and does nothing else."""

from __future__ import annotations

from collections.abc import Callable

from gpu_worker.engine.api import OnProgress, Result
from gpu_worker.media import warp
from gpu_worker.media.picture import Canvas
from storage.domain.camera import path as camera_path
from storage.domain.camera.motion import Camera, Motion, Reading
from storage.domain.request import GenerationRequest


class WarpingEngine:
    """Makes the motion of every prompt, except where the camera is off, and except one motion."""

    def __init__(self, without: Motion | None = None) -> None:
        self.name = "warping"
        self.device = "cpu"
        self.without = without

    def load(self) -> None:
        """Need no weights."""

    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        reading = request.reading or Reading(Motion.DRIFT)
        if request.camera.strength == 0.0 or reading.motion is self.without:
            reading = Reading(Motion.STATIC)
        path = camera_path.plan(Camera(), reading, request.seed, request.frames)
        frames = warp.move(canvas.source, canvas.window, path, canvas.size)
        return Result(frames, request.seed, reading.motion)

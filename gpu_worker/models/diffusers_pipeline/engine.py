"""The engine of any image-to-video pipeline of diffusers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gpu_worker.engine.api import NotUsableYet, OnProgress, OutOfMemory, Result
from gpu_worker.media.frames import Frame, Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.diffusers_pipeline.call_arguments import CALLBACK, CallArguments
from gpu_worker.models.diffusers_pipeline.latent_frames import LatentsToPicture
from gpu_worker.models.diffusers_pipeline.loading import (
    component_dtypes,
    load_pipeline,
    pipeline_class,
)
from gpu_worker.models.diffusers_pipeline.memory_ladder import MemoryLadder
from gpu_worker.models.diffusers_pipeline.step_watcher import StepWatcher
from gpu_worker.models.i2vgen_xl.candidates import score_candidate
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_device
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import is_out_of_memory, release_after
from gpu_worker.models.i2vgen_xl.previews import Previewer
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from gpu_worker.render.opening_frame import OpeningFrame
from storage.domain.camera.motion import Motion
from storage.domain.catalogue import Model, PresetRow
from storage.domain.clip import Adjustment
from storage.domain.progress import Stage
from storage.domain.request import GenerationRequest, Preset


class DiffusersPipeline:
    """Makes clips with the pipeline that a folder or its model's row names."""

    def __init__(
        self,
        folder: Path,
        row: Model,
        presets: Mapping[Preset, PresetRow],
        *,
        device: str = "auto",
        dtype: str = "auto",
        memory_gib: float = 0.0,
    ) -> None:
        """Take what to load; no weight is read before load.

        dtype is a name or auto; memory_gib bounds the device's memory, 0 leaves that to itself.
        Raise NotUsable where the row does not fit the pipeline.
        """
        self.name = row.name
        self.torch_device = resolve_device(device)
        self.device = str(self.torch_device)
        self._folder = folder
        self._row = row
        self._presets = presets
        self._dtypes = component_dtypes(row.pipeline, dtype, self.torch_device)
        self._memory_gib = memory_gib
        self._arguments = CallArguments(pipeline_class(folder, row.pipeline), row)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="previews")
        self._ladder: MemoryLadder | None = None

    def load(self) -> None:
        """Bring the weights to the device; raise NotUsable, or NotUsableYet for want of memory."""
        try:
            pipeline = load_pipeline(self._folder, self._row.pipeline, self._dtypes)
            self._ladder = MemoryLadder.for_device(pipeline, self.torch_device, self._memory_gib)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise NotUsableYet(
                f"the memory of {self.device} does not hold the weights of {self.name}"
            ) from error

    @property
    def ladder(self) -> MemoryLadder:
        """Return the loaded pipeline, with where its weights are."""
        if self._ladder is None:
            raise RuntimeError("the engine did not load")
        return self._ladder

    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        """Make the clip; raise Cancelled within one step, OutOfMemory where no size fits."""
        steps = max(1, round(request.steps * self._presets[request.preset].steps))
        tracker = ProgressTracker(on_progress, should_stop, steps)
        tracker.enter(Stage.PREPARING)
        frames, adjustments = self._make(request, canvas, steps, tracker)
        asked = Motion.AUTO if request.reading is None else request.reading.motion
        picture = replace(canvas, size=(frames.shape[2], frames.shape[1])).fitted
        scores = score_candidate(frames, request.seed, OpeningFrame.of(picture), asked, None).scores
        return Result(frames, request.seed, asked, tuple(adjustments), scores)

    def _make(
        self, request: GenerationRequest, canvas: Canvas, steps: int, tracker: ProgressTracker
    ) -> tuple[Frames, list[Adjustment]]:
        """Make one clip, giving up one thing after another where memory runs out."""
        ladder = self.ladder
        ladder.begin()
        smaller: list[Adjustment] = []
        is_first = True
        try:
            while True:
                try:
                    if not is_first:
                        tracker.restart()
                        if not ladder.next():
                            request, canvas = self._smaller(request, canvas)
                            size = (("width", str(request.width)), ("height", str(request.height)))
                            smaller = [Adjustment("adjusted_smaller", size)]
                    is_first = False
                    frames = self._call(request, canvas, steps, tracker)
                    return frames, [*ladder.adjustments, *smaller]
                except (RuntimeError, MemoryError) as error:
                    release_after(error, self.torch_device)
        finally:
            ladder.end()

    def _call(
        self, request: GenerationRequest, canvas: Canvas, steps: int, tracker: ProgressTracker
    ) -> Frames:
        """Call the pipeline once; raise Cancelled, or RuntimeError for frames that are none."""
        pipeline = self.ladder.pipeline
        previewer = Previewer(LatentsToPicture(canvas.fitted), frozenset(), self._pool)
        watcher = StepWatcher(pipeline, request, tracker, previewer)
        arguments: dict[str, Any] = self._arguments.of(request, canvas, steps)
        if self._arguments.takes_callback:
            arguments[CALLBACK] = watcher.on_step_end
        generator = torch.Generator().manual_seed(request.seed)  # the same noise on every device
        with watcher.watching(by_scheduler=not self._arguments.takes_callback):
            made = pipeline(**arguments, generator=generator, output_type="np").frames[0]
        if made.shape != (request.frames, request.height, request.width, 3):
            raise RuntimeError(
                f"{type(pipeline).__name__} made {made.shape} for {request.frames} frames of"
                f" {request.width}x{request.height}: the row of {self.name} states other steps"
            )
        return np.stack([self._in_bytes(frame) for frame in made])  # one is large already

    def _in_bytes(self, frame: NDArray[np.float32]) -> Frame:
        """Return a frame's colours between 0 and 1 in bytes; raise RuntimeError."""
        if not np.isfinite(frame).all():
            raise RuntimeError(f"{self.name} made frames that are no numbers")
        return (frame * 255.0).round().astype(np.uint8)

    def _smaller(
        self, request: GenerationRequest, canvas: Canvas
    ) -> tuple[GenerationRequest, Canvas]:
        """Return a clip at the model's next smaller resolution; raise OutOfMemory for none."""
        sizes = [self._row.size(name, canvas.size) for name in self._row.resolutions]
        fitting = [size for size in sizes if size[0] * size[1] < request.width * request.height]
        if not fitting:
            raise OutOfMemory
        width, height = max(fitting, key=lambda size: size[0] * size[1])
        return replace(request, width=width, height=height), canvas.sized((width, height))

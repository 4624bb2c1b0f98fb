"""What the checks are run on: a device, a checkpoint with random weights, and its engine."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpu_worker.check.report import NeedsOtherMachine, require
from gpu_worker.engine.api import Result
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair, load_engine
from gpu_worker.media.frames import Frames
from gpu_worker.models.i2vgen_xl.checkpoint.random_checkpoint import write_checkpoint
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import FULL, TINY
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from storage.domain.progress import Progress


@dataclass(frozen=True)
class Subject:
    """A device and a folder for what the checks write; on a GPU the model has its full size."""

    device: torch.device
    scratch: Path

    @property
    def index(self) -> int:
        """Return the GPU's number, which the device does not say where it is the first."""
        return self.device.index or 0

    @property
    def gpu(self) -> bool:
        """Tell whether the device is a GPU."""
        return self.device.type == "cuda"

    @property
    def clip(self) -> ClipShape:
        """Return the clip that most checks make."""
        return ClipShape(512, 512, 16, 4) if self.gpu else ClipShape(96, 96, 4, 4)

    @property
    def small(self) -> ClipShape:
        """Return the clip of checks for which size does not matter."""
        return ClipShape(256, 256, 8, 3) if self.gpu else ClipShape(64, 64, 4, 3)

    def require_gpu(self) -> None:
        """Raise NeedsOtherMachine on a CPU."""
        if not self.gpu:
            raise NeedsOtherMachine("needs CUDA")

    @cached_property
    def checkpoint(self) -> Path:
        """Write the checkpoint with random weights, or return the one that is there."""
        folder = self.scratch / ("full" if self.gpu else "tiny")
        if not (folder / "model_index.json").is_file():
            write_checkpoint(folder, FULL if self.gpu else TINY, device=str(self.device))
        return folder

    @cached_property
    def pair(self) -> PipelinePair:
        """Load the stock pipeline and the engine, uncompiled; the engine is on the device."""
        plain = Optimizations(compiled=False)
        pair = PipelinePair.load(self.checkpoint, self.device, plain, time.perf_counter)
        pair.move_to_device("engine")
        return pair

    @property
    def engine(self) -> I2VGenXL:
        """Return the engine with uncompiled layers."""
        return self.pair.engine

    def load(self, **options: Any) -> I2VGenXL:
        """Load another engine of the checkpoint; options are EngineOptions'."""
        attention = options.pop("attention", "auto")
        optimizations = options.pop("optimizations", Optimizations(compiled=False))
        return load_engine(self.checkpoint, self.device, optimizations, attention, **options)


@dataclass
class Watch:
    """Hears of a clip's progress, and stops it after a number of steps.

    stop_after counts steps; None lets the clip end.
    """

    stop_after: int | None = None
    steps: int = 0
    total: int = 0
    previews: int = 0
    stages: tuple[str, ...] = ()

    def on_progress(self, progress: Progress, preview: bytes | None) -> None:
        """Note one report of progress."""
        self.steps, self.total = progress.step, progress.steps
        self.previews += preview is not None
        if progress.stage.value not in self.stages:
            self.stages = (*self.stages, progress.stage.value)

    def should_stop(self) -> bool:
        """Tell whether the clip is to be cancelled."""
        return self.stop_after is not None and self.steps >= self.stop_after


def make_clip(
    engine: I2VGenXL, shape: ClipShape, watch: Watch | None = None, **changes: Any
) -> Result:
    """Make a clip with an engine; changes are the request's fields."""
    watch = watch or Watch()
    request = shape.request(**changes)
    return engine.generate(request, shape.canvas(), watch.on_progress, watch.should_stop)


def checked_frames(result: Result, shape: ClipShape) -> Frames:
    """Return a clip's frames; raise CheckFailed for a wrong size or a clip of one colour."""
    frames = result.array
    expected = (shape.frames, shape.height, shape.width, 3)
    require(frames.shape == expected, f"frames of {frames.shape}, not {expected}")
    require(int(frames.std()) > 0, "every pixel of the clip has one value: it is not a picture")
    return frames


def psnr(first: Frames, second: Frames) -> float:
    """Return the peak signal-to-noise ratio of two clips in dB, at most 99."""
    error = float(np.mean((first.astype(np.float32) - second.astype(np.float32)) ** 2))
    return min(99.0, 10 * float(np.log10(255.0**2 / max(error, 1e-6))))


def sized(shape: ClipShape, width: int, height: int) -> ClipShape:
    """Return a clip's shape at another size."""
    return replace(shape, width=width, height=height)

"""Bench: makes one clip the way a person would get it, and measures it."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gpu_worker.engine.api import Engine
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.media import motion, picture, quality
from gpu_worker.media.motion import MeasuredMotion
from gpu_worker.media.picture import Canvas
from storage.domain.camera.motion import Camera, Motion
from storage.domain.catalogue import Model
from storage.domain.progress import Progress
from storage.domain.prompt.reading import with_reading
from storage.domain.request import SEED_LIMIT, GenerationRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """What one clip of the evaluation is asked for; index counts a motion's wordings."""

    stem: str
    motion: Motion
    index: int
    prompt: str
    camera: Camera = field(default_factory=Camera)

    @property
    def name(self) -> str:
        """Return the name of the clip's file, without its ending."""
        return f"{self.stem}__{self.motion}__{self.index}"


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A clip and what was measured of it; frames are (frames, height, width, 3)."""

    asked: Asked
    frames: NDArray[np.uint8]
    seconds: float
    measured: MeasuredMotion
    psnr: float
    ssim: float
    sharpness: float
    flicker: float

    @property
    def obeyed(self) -> bool:
        """Tell whether the motion that was asked for outweighs all others."""
        return motion.dominant(self.measured) is self.asked.motion


class Bench:
    """Makes and measures clips with one engine at a catalogue row's defaults."""

    def __init__(self, engine: Engine, row: Model) -> None:
        """Take an engine and the row of its model."""
        self.engine = engine
        self.row = row

    def fitted(self, photograph: Photograph) -> Canvas:
        """Return a photograph's canvas at the default resolution and its nearest aspect."""
        whole = picture.fit(photograph.data, 64, 64).source
        size = self.row.size(self.row.defaults.resolution, (whole.shape[1], whole.shape[0]))
        return picture.fit(photograph.data, *size)

    def request(self, asked: Asked, size: tuple[int, int]) -> GenerationRequest:
        """Return the order: the row's defaults, and a seed that its name determines."""
        defaults = self.row.defaults
        request = GenerationRequest(
            picture="0" * 64,
            prompt=asked.prompt,
            model=self.row.name,
            width=size[0],
            height=size[1],
            frames=defaults.frames,
            fps=defaults.fps,
            steps=defaults.steps,
            guidance=defaults.guidance,
            seed=zlib.crc32(asked.name.encode()) % SEED_LIMIT,
            preset=defaults.preset,
            camera=asked.camera,
        )
        return with_reading(request)

    def frames(self, asked: Asked, canvas: Canvas) -> tuple[NDArray[np.uint8], float]:
        """Return a clip's frames and the seconds that the engine took."""
        began = time.perf_counter()
        request = self.request(asked, canvas.size)
        result = self.engine.generate(request, canvas, _unseen, lambda: False)
        return result.frames, time.perf_counter() - began

    def make(self, asked: Asked, canvas: Canvas) -> Made:
        """Make a clip and measure it."""
        frames, seconds = self.frames(asked, canvas)
        return Made(
            asked,
            frames,
            seconds,
            motion.measure(frames),
            quality.psnr(frames[0], canvas.fitted),
            quality.ssim(frames[0], canvas.fitted),
            quality.sharpness_kept(frames),
            quality.flicker(frames),
        )


def _unseen(_progress: Progress, _preview: bytes | None) -> None:
    """Let progress pass."""

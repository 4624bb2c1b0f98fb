"""Makes one clip the way a user would get it, and measures it."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass

from gpu_worker.engine.api import Engine
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.media import motion, picture, quality
from gpu_worker.media.frames import Frames
from gpu_worker.media.motion import MeasuredMotion
from gpu_worker.media.picture import Canvas
from storage.domain.camera.motion import Camera, Motion
from storage.domain.catalogue import Model
from storage.domain.prompt.reading import with_reading
from storage.domain.request import SEED_LIMIT, GenerationRequest


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """One clip to evaluate: a picture, the expected motion, and the index-th prompt for it."""

    stem: str
    motion: Motion
    index: int
    prompt: str
    camera: Camera

    @property
    def name(self) -> str:
        """Return the name of the clip's file, without its ending."""
        return f"{self.stem}__{self.motion}__{self.index}"


@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedClip:
    """A clip, the seconds that the engine took, and what was measured of it."""

    spec: ClipSpec
    frames: Frames
    seconds: float
    measured: MeasuredMotion
    psnr: float
    ssim: float
    sharpness: float
    flicker: float

    @property
    def dominant(self) -> Motion:
        """Return the motion that outweighs all others."""
        return motion.dominant(self.measured)

    @property
    def as_expected(self) -> bool:
        """Return whether the clip shows the motion that its prompt names."""
        return self.dominant is self.spec.motion


class ClipEvaluator:
    """Makes and measures clips with one engine at the defaults of its model."""

    def __init__(self, engine: Engine, model: Model) -> None:
        """Take an engine and its model's row of the catalogue."""
        self.engine = engine
        self.model = model

    def fit(self, photograph: Photograph) -> Canvas:
        """Return a photograph's canvas at the default resolution and its nearest aspect."""
        whole = picture.fit(photograph.data, 64, 64).source
        resolution = self.model.defaults.resolution
        size = self.model.size(resolution, (whole.shape[1], whole.shape[0]))
        return picture.fit(photograph.data, *size)

    def request(self, spec: ClipSpec, size: tuple[int, int]) -> GenerationRequest:
        """Return the request: the model's defaults, and a seed that the clip's name determines."""
        own = {"picture": "0" * 64, "prompt": spec.prompt, "camera": spec.camera}
        seed = zlib.crc32(spec.name.encode()) % SEED_LIMIT
        return with_reading(self.model.request(size, seed=seed, **own))

    def generate(self, spec: ClipSpec, canvas: Canvas) -> tuple[Frames, float]:
        """Return a clip's frames and the seconds that the engine took."""
        began = time.perf_counter()
        request = self.request(spec, canvas.size)
        result = self.engine.generate(request, canvas, lambda *_progress: None, lambda: False)
        return result.frames, time.perf_counter() - began

    def evaluate(self, spec: ClipSpec, canvas: Canvas) -> EvaluatedClip:
        """Make a clip and measure it."""
        frames, seconds = self.generate(spec, canvas)
        tracked = motion.track(frames)
        return EvaluatedClip(
            spec,
            frames,
            seconds,
            motion.measure(tracked),
            quality.psnr(frames[0], canvas.fitted),
            quality.ssim(frames[0], canvas.fitted),
            quality.sharpness_kept(frames),
            quality.flicker(tracked),
        )

"""Makes one clip the way a user would get it, and measures it."""

from __future__ import annotations

import io
import subprocess
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import imageio_ffmpeg
import numpy as np
from PIL import Image

from gpu_worker.engine.api import Engine
from gpu_worker.lab.evaluate import last_frame
from gpu_worker.lab.evaluate.last_frame import LastFrame
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.media import motion, picture, quality
from gpu_worker.media.encode import encode
from gpu_worker.media.frames import Frame, FrameSource
from gpu_worker.media.motion import MeasuredMotion
from gpu_worker.media.picture import Canvas
from storage.domain.camera.motion import Camera, Motion, Pose
from storage.domain.camera.path import plan
from storage.domain.catalogue import Model
from storage.domain.prompt.reading import with_reading
from storage.domain.request import SEED_LIMIT, GenerationRequest

SIZE_LIMIT = 10 * 2**20  # bytes of one file
MEASURED = 16  # frames, evenly from the first to the last, in which motion is measured
CELL, SHOWN = 128, 5  # the largest side and the number of the frames that a contact sheet shows


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
    """A clip's file, some of its frames, and what was measured of it.

    shown are a few small frames from the first to the last. seconds is how long the clip took, from
    picture to file; psnr and ssim compare its first frame, once decoded, with the fitted picture.
    """

    spec: ClipSpec
    shown: Sequence[Frame]
    video: bytes
    seconds: float
    measured: MeasuredMotion
    psnr: float
    ssim: float
    flicker: float
    last: LastFrame

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

    def generate(self, spec: ClipSpec, canvas: Canvas) -> FrameSource:
        """Return a clip's frames."""
        request = self.request(spec, canvas.size)
        return self.engine.generate(request, canvas, lambda *_: None, lambda: False).frames

    def evaluate(self, spec: ClipSpec, canvas: Canvas) -> EvaluatedClip:
        """Make a clip and measure it."""
        began = time.perf_counter()
        frames = self.generate(spec, canvas)
        facts = {"comment": spec.prompt}
        video = encode(frames, self.model.defaults.fps, SIZE_LIMIT, facts).data
        seconds = time.perf_counter() - began
        looked_at = np.linspace(0, len(frames) - 1, min(MEASURED, len(frames))).round().astype(int)
        some = [frames[int(index)] for index in looked_at]
        tracked, first = motion.track(np.stack(some)), decoded_first(video)
        fitted = canvas.fitted
        return EvaluatedClip(
            spec,
            contact_sheet_frames(some),
            video,
            seconds,
            motion.measure(tracked),
            quality.psnr(first, fitted),
            quality.ssim(first, fitted),
            quality.flicker(tracked),
            last_frame.measure(some[-1], canvas, self._last_pose(spec, canvas)),
        )

    def _last_pose(self, spec: ClipSpec, canvas: Canvas) -> Pose:
        """Return the pose at the end of a clip's path."""
        request = self.request(spec, canvas.size)
        if request.camera.strength == 0.0 or request.reading is None:
            return Pose()
        return plan(
            request.camera, request.reading, request.seed, request.frames, float(request.fps)
        )[-1]


def contact_sheet_frames(frames: Sequence[Frame]) -> list[Frame]:
    """Return a few frames, evenly from the first to the last, at the size of a sheet's cell."""
    chosen = np.linspace(0, len(frames) - 1, SHOWN).round().astype(int)
    small = [Image.fromarray(frames[int(index)]) for index in chosen]
    for image in small:
        image.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
    return [np.asarray(image, np.uint8) for image in small]


def decoded_first(video: bytes) -> Frame:
    """Return the first frame of an MP4, with its colours interpolated as players do."""
    probe = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "-", "-frames:v", "1"]
    exact = "scale=flags=bicubic+accurate_rnd+full_chroma_int"
    done = subprocess.run(
        [*probe, "-vf", exact, "-pix_fmt", "rgb24", "-c:v", "png", "-f", "image2pipe", "-"],
        input=video,
        capture_output=True,
        check=True,
    )
    return np.asarray(Image.open(io.BytesIO(done.stdout)).convert("RGB"), np.uint8)

"""Crops: what the diffusion adds to the moved picture, judged by the truth.

The truth is a window that moves over a larger photograph. The model, and the autoencoder alone,
get nothing but the first window at the clip's size: what a zoom-in reveals of detail and what
a zoom-out or a pan uncovers they have to find themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_worker.lab.evaluate.clip_evaluator import Asked, Bench
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.media import quality, warp
from gpu_worker.media.picture import Canvas, centre_window
from storage.domain.camera import path as camera_path
from storage.domain.camera.motion import Camera, Motion, Reading
from storage.pictures import open_picture

Frames = NDArray[np.uint8]
Recode = Callable[[Frames], Frames]

MOTIONS: Mapping[Motion, str] = {
    Motion.ZOOM_IN: "zoom in",
    Motion.ZOOM_OUT: "zoom out",
    Motion.PAN_LEFT: "pan left",
    Motion.PAN_RIGHT: "pan right",
}
WINDOW = 0.55  # of the shorter side, so that no path leaves the photograph


@dataclass(frozen=True, slots=True)
class Comparison:
    """Errors against the true crop: mean absolute, of 255, and PSNR in decibels.

    picture: the moved picture's own pixels; moved: the same through the autoencoder; model: the
    clip. The model adds something of its own where it is better than both.
    """

    motion: Motion
    picture_error: float
    moved_error: float
    model_error: float
    picture_psnr: float
    moved_psnr: float
    model_psnr: float


def compare(bench: Bench, recode: Recode, photograph: Photograph, motion: Motion) -> Comparison:
    """Let the model and the autoencoder alone follow the same path, and judge both."""
    side = round(bench.row.resolutions[bench.row.defaults.resolution])
    source, window = _larger(photograph)
    small = warp.fit(source, window, (side, side))
    canvas = Canvas(small, (0.0, 0.0, float(side), float(side)), (side, side))
    asked = Asked(photograph.stem, motion, 0, MOTIONS[motion], Camera(motion=motion))
    request = bench.request(asked, canvas.size)
    path = camera_path.plan(request.camera, Reading(motion), request.seed, request.frames)
    truth = warp.move(source, window, path, canvas.size)
    picture = warp.move(small, canvas.window, path, canvas.size)
    made, _ = bench.frames(asked, canvas)
    return _judged(motion, truth, (picture, recode(picture), made))


def _larger(photograph: Photograph) -> tuple[Frames, tuple[float, float, float, float]]:
    image = open_picture(photograph.data)
    side = WINDOW * min(image.size)
    x, y, width, height = centre_window(image.width, image.height, 1.0)
    middle = (x + (width - side) / 2, y + (height - side) / 2)
    return np.asarray(image), (*middle, side, side)


def _judged(motion: Motion, truth: Frames, shown: tuple[Frames, Frames, Frames]) -> Comparison:
    """Judge the picture, the moved picture and the model; the first frame shows no motion yet."""
    pairs = [(frames[1:], truth[1:]) for frames in shown]
    errors = (float(np.abs(one.astype(np.float32) - two).mean()) for one, two in pairs)
    return Comparison(motion, *errors, *(quality.psnr(one, two) for one, two in pairs))

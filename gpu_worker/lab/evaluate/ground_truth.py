"""Compares what the model makes of a camera path with what a larger photograph truly shows.

It is compared at the size and number of frames that the model denoises. The truth is a window that
moves over the photograph. The model, and the autoencoder alone, get
only the first window at the clip's size: detail that a zoom-in reveals, and what a zoom-out or a
pan uncovers, they have to invent.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gpu_worker.lab.evaluate import prompts
from gpu_worker.lab.evaluate.clip_evaluator import ClipEvaluator, ClipSpec
from gpu_worker.lab.evaluate.photographs import Photograph
from gpu_worker.media import quality, warp
from gpu_worker.media.frames import Frame, Frames, stacked
from gpu_worker.media.picture import Canvas, centre_window
from storage.domain.camera import path as camera_path
from storage.domain.camera.motion import Camera, Motion, Reading
from storage.pictures import open_picture

Recode = Callable[[Frames], Frames]

MOTIONS = (Motion.ZOOM_IN, Motion.ZOOM_OUT, Motion.PAN_LEFT, Motion.PAN_RIGHT, Motion.TILT_UP)
WINDOW = 0.55  # of the shorter side, so that no path leaves the photograph


def compare(
    evaluator: ClipEvaluator, recode: Recode, photograph: Photograph, motion: Motion
) -> dict[str, float]:
    """Follow one path by the picture, the autoencoder alone and the model; compare all three.

    Return errors against the true crop: mean absolute, of 255, and PSNR in decibels. picture: the
    moved picture's own pixels; moved: the same through the autoencoder; model: the clip. The model
    adds something of its own where it is better than both.
    """
    evaluator = ClipEvaluator(evaluator.engine, evaluator.model.without_rendering())
    model = evaluator.model
    side = round(model.resolutions[model.defaults.resolution])
    source, window = _true_window(photograph)
    small = warp.fit(source, window, (side, side))
    canvas = Canvas(small, (0.0, 0.0, float(side), float(side)), (side, side))
    spec = ClipSpec(photograph.stem, motion, 0, prompts.DEFAULT[motion][0], Camera(motion=motion))
    request = evaluator.request(spec, canvas.size)
    path = camera_path.plan(
        request.camera, Reading(motion), request.seed, request.frames, float(request.fps)
    )
    truth = warp.move(source, window, path, canvas.size)
    picture = warp.move(small, canvas.window, path, canvas.size)
    clip = stacked(evaluator.generate(spec, canvas))
    made = {"picture": picture, "moved": recode(picture), "model": clip}
    # The first frame shows no motion yet.
    return {
        f"{name}_{kind}": measure(frames[1:], truth[1:])
        for kind, measure in (("error", _error), ("psnr", quality.psnr))
        for name, frames in made.items()
    }


def _error(frames: Frames, truth: Frames) -> float:
    return float(np.abs(frames.astype(np.float32) - truth).mean())


def _true_window(photograph: Photograph) -> tuple[Frame, warp.Window]:
    """Return the whole photograph and a square window in its middle."""
    image = open_picture(photograph.data)
    side = WINDOW * min(image.size)
    x, y, width, height = centre_window(image.width, image.height, 1.0)
    left, top = x + (width - side) / 2, y + (height - side) / 2
    return np.asarray(image), (left, top, side, side)

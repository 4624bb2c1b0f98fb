"""A clip is rendered at its own size and speed from what the model denoised at another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gpu_worker.lab.evaluate import last_frame
from gpu_worker.media import motion, quality, warp
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.full_size import denoised_inputs
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose, Reading
from storage.domain.camera.path import plan
from storage.domain.request import DenoisedShape
from tests.gpu_worker.render.scenes import photograph, whole
from tests.support.models import generate, tiny_request

DENOISED = DenoisedShape(64, 64, 8)
SIDE = 256


@pytest.fixture(scope="module")
def coffee() -> Canvas:
    """Return a photograph that no training has seen."""
    return whole(photograph("coffee", SIDE))


def test_the_model_answers_for_moments_of_the_clips_own_path(coffee: Canvas) -> None:
    request = tiny_request(width=SIDE, height=SIDE, frames=60, fps=24, denoised=DENOISED)
    reading = Reading(Motion.PAN_LEFT)
    inputs = denoised_inputs(request, coffee, reading)
    path = plan(request.camera, reading, request.seed, 60, 24.0)
    assert (inputs.poses[0], inputs.poses[-1], len(inputs.poses)) == (Pose(), path[-1], 8)
    assert set(inputs.poses) <= set(path)
    assert (inputs.request.width, inputs.request.frames, inputs.request.fps) == (64, 8, 3)
    assert inputs.canvas.size == (64, 64)


def test_a_clip_is_full_size_smooth_and_moves_as_asked(
    embedded_engine: I2VGenXL, coffee: Canvas
) -> None:
    changes = {"width": SIDE, "height": SIDE, "frames": 24, "fps": 24, "denoised": DENOISED}
    result = generate(embedded_engine, coffee, prompt="zoom out", steps=2, guidance=1.0, **changes)
    frames = result.array
    assert frames.shape == (24, SIDE, SIDE, 3)
    assert np.array_equal(frames[0], coffee.fitted)
    assert motion.dominant(motion.measure(motion.track(frames[::3]))) is Motion.ZOOM_OUT
    path = plan(Camera(), Reading(Motion.ZOOM_OUT), 7, 24, 24.0)
    measured = last_frame.measure(frames[-1], coffee, path[-1])
    assert measured.shown >= 0.9
    assert (measured.filled or 0.0) >= 0.5
    assert (measured.seam or 9.0) <= 1.5


def test_the_best_of_several_is_rendered_from_its_own_seed(
    moved_engine: I2VGenXL, coffee: Canvas
) -> None:
    canvas = replace(coffee, size=(96, 96))
    changes = {"width": 96, "height": 96, "frames": 12, "denoised": replace(DENOISED, frames=4)}
    best = generate(moved_engine, canvas, candidates=2, prompt="pan left", **changes)
    again = generate(moved_engine, canvas, seed=best.seed, prompt="pan left", **changes)
    assert len(best.frames) == 12
    assert quality.psnr(best.frames[11], again.frames[11]) > 35


def test_with_the_camera_off_the_picture_stands_still(
    moved_engine: I2VGenXL, coffee: Canvas
) -> None:
    canvas, off = replace(coffee, size=(96, 96)), Camera(strength=0.0)
    changes = {"width": 96, "height": 96, "frames": 12, "denoised": replace(DENOISED, frames=4)}
    frames = generate(moved_engine, canvas, camera=off, **changes).array
    assert (frames == canvas.fitted).all()


def test_a_clip_begins_where_its_path_does_and_ends_where_it_leads(
    moved_engine: I2VGenXL, coffee: Canvas
) -> None:
    canvas, start = replace(coffee, size=(96, 96)), Pose(0.2, -0.1, 2.0)
    camera = Camera(keyframes=(Keyframe(0.0, start), Keyframe(1.0, Pose())))
    changes = {"width": 96, "height": 96, "frames": 6, "denoised": replace(DENOISED, frames=4)}
    [opening] = warp.move(canvas.source, canvas.window, (start,), canvas.size)
    arriving = replace(canvas, end=whole(photograph("astronaut", SIDE), (96, 96)))
    for given, last in ((canvas, canvas), (arriving, arriving.end)):
        frames = generate(moved_engine, given, camera=camera, **changes).array
        assert last is not None
        assert quality.psnr(frames[0], opening) > 30
        assert np.array_equal(frames[-1], last.fitted)

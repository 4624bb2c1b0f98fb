"""The first frame of a clip is judged by what its camera begins with."""

from __future__ import annotations

import numpy as np

from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.candidates import score_candidate
from gpu_worker.render.opening_frame import OpeningFrame
from storage.domain.camera.motion import Motion, Pose


def test_a_first_frame_is_what_the_camera_sees_as_far_as_the_picture_goes() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    canvas = Canvas(noise, (0.0, 0.0, 32.0, 32.0), (32, 32))
    whole = OpeningFrame.seen(canvas, Pose(), 0)
    assert np.array_equal(whole.frame, canvas.fitted)
    assert whole.known.all()
    left = OpeningFrame.seen(canvas, Pose(dx=-0.5), 0)
    assert not left.known[:, :15].any()
    assert left.known[:, 17:].all()
    shown = left.frame.copy()
    shown[:, :15] = 0  # whatever a model made of what the picture lacks
    scores = dict(score_candidate(np.stack([shown] * 2), 0, left, Motion.AUTO, None).scores)
    assert scores["first_frame"] > 60
    moved = np.stack([canvas.fitted] * 2)
    assert dict(score_candidate(moved, 0, left, Motion.AUTO, None).scores)["first_frame"] < 20

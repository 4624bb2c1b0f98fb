"""What an earlier frame has shown beyond a picture is seen again, and the picture stays."""

from __future__ import annotations

import numpy as np

from gpu_worker.media import quality
from gpu_worker.render.extent import Margins
from gpu_worker.render.moments import ModelAnswer
from gpu_worker.render.moved_picture import move_picture
from gpu_worker.render.seen_before import EarlierFrame
from gpu_worker.render.surroundings import continue_beyond
from storage.domain.camera.motion import Pose
from tests.gpu_worker.render.scenes import photograph, whole

SIDE = 128


def test_what_was_invented_once_is_seen_again_by_a_camera_that_goes_on() -> None:
    canvas, view = whole(photograph("coffee", SIDE)), Pose(dx=-0.3, zoom=0.8)
    before = move_picture(canvas, [view], 1)[0]
    earlier = EarlierFrame(before, view, canvas.window)
    path = [view, Pose(dx=-0.25, zoom=0.7)]
    again = move_picture(canvas, path, 2, earlier=earlier)
    anew = move_picture(canvas, path, 2)
    beyond = np.s_[16:112, 8:40]  # what the view shows to the left of the picture
    kept, other = (quality.psnr(one[0][beyond], before[beyond]) for one in (again, anew))
    assert kept > 30.0 > other
    picture = np.s_[40:88, 80:]
    assert quality.psnr(again[1][picture], anew[1][picture]) > 45.0


def test_a_frame_from_near_by_counts_where_it_is_alone() -> None:
    canvas = whole(np.full((32, 32, 3), 50, np.uint8))
    view = Pose(dx=1.0, zoom=4.0)
    near = EarlierFrame(np.full((32, 32, 3), 200, np.uint8), view, canvas.window)
    frames = move_picture(canvas, [view, Pose(zoom=0.3)], 1, earlier=near)
    assert frames[0][16, 16].mean() > 190
    assert np.abs(frames[1].astype(int) - 50)[13:19, 13:19].max() <= 2


def test_a_models_answer_darkens_nothing_at_the_edge_of_what_it_knows() -> None:
    picture, margins = np.full((64, 64, 3), 120, np.uint8), Margins(32, 32, 32, 32)
    known = np.zeros((128, 128), np.float32)
    known[4:-4, 4:-4] = 1.0
    answer = ModelAnswer(np.repeat(known[..., None] * np.float32(120.0), 3, axis=2), known)
    continued = continue_beyond(picture, margins, answer, 1).astype(int)
    assert np.abs(continued - 120).max() <= 2

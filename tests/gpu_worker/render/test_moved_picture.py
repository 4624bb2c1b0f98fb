"""Frames at full size: the picture's own pixels, and beyond them what carries it on."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest
import skimage.data

from gpu_worker.lab.evaluate import last_frame
from gpu_worker.media import quality, warp
from gpu_worker.media.frames import Frame
from gpu_worker.media.picture import Canvas
from gpu_worker.render.moments import Moments
from gpu_worker.render.moved_picture import MOST_PIXELS, move_picture
from storage.domain.camera.motion import Camera, Motion, Pose, Reading
from storage.domain.camera.path import plan
from tests.gpu_worker.render.scenes import middle, photograph, whole

SIDE = 256
NAMES = ("coffee", "chelsea", "astronaut")
ENDS = {
    "zoom_in": Pose(zoom=1.35),
    "zoom_out": Pose(zoom=0.74),
    "pan": Pose(dx=0.22),
    "tilt": Pose(dy=-0.22),
    "roll": Pose(roll=14.0),
}


def path_to(end: Pose, frames: int = 5) -> list[Pose]:
    shares = np.linspace(0, 1, frames)
    return [Pose(s * end.dx, s * end.dy, end.zoom**s, s * end.roll) for s in shares]


def test_a_camera_at_rest_shows_exactly_the_fitted_picture() -> None:
    canvas = middle(photograph("coffee", 300), (96, 96))
    frames = move_picture(canvas, [Pose(), Pose(dx=0.1)], 1)
    assert np.array_equal(frames[0], canvas.fitted)


@pytest.mark.parametrize("end", ENDS)
def test_the_last_frame_is_sharp_and_has_no_seam(end: str) -> None:
    measured = []
    for name in NAMES:
        canvas = whole(photograph(name, SIDE))
        frame = move_picture(canvas, path_to(ENDS[end]), 1)[4]
        measured.append(last_frame.measure(frame, canvas, ENDS[end]))
    assert min(one.shown for one in measured) >= 0.9
    filled = [one.filled for one in measured if one.filled is not None]
    assert len(filled) == (0 if end == "zoom_in" else len(NAMES))
    if filled:
        assert 0.5 <= np.mean(filled) < 1.5
        assert max(one.seam or 0.0 for one in measured) <= 1.5


@pytest.mark.parametrize("end", ENDS)
def test_what_the_source_holds_is_shown_as_it_is(end: str) -> None:
    source = photograph("coffee", 400)
    canvas = middle(source, (SIDE, SIDE))
    frame = move_picture(canvas, path_to(ENDS[end]), 1)[4]
    truth = warp.move(source, canvas.window, [ENDS[end]], canvas.size)[0]
    assert quality.psnr(frame, truth) > 32


def test_what_lies_beyond_is_not_the_picture_mirrored() -> None:
    marked = photograph("coffee", SIDE)
    marked[100:130, 8:28] = (0, 255, 0)  # an object close to the left border
    frame = move_picture(whole(marked), path_to(Pose(dx=-0.22)), 1)[4]
    green = frame.astype(int)[..., 1] - frame.astype(int)[..., [0, 2]].max(axis=2)
    assert (green > 100).sum() == pytest.approx(30 * 20, rel=0.15)


def test_the_clip_moves_evenly_and_does_not_pulse() -> None:
    canvas = whole(photograph("chelsea", SIDE))
    poses = plan(Camera(), Reading(Motion.ZOOM_OUT), 3, 24, 24.0)
    frames = move_picture(canvas, poses, 3)
    energy = [quality.gradient_energy(frame) for frame in frames]
    steps = [abs(after / before - 1) for before, after in pairwise(energy[1:])]
    assert max(steps) < 0.08
    assert len(frames) == 24


@pytest.mark.parametrize("name", ["gravel", "grass"])
def test_fine_detail_stays_while_it_passes_between_pixels(name: str) -> None:
    canvas = middle(grey(name), (128, 128))
    poses = [Pose(dx=(8 + quarter / 4) / 128, dy=quarter / 512) for quarter in range(5)]
    energy = [quality.gradient_energy(frame) for frame in move_picture(canvas, poses, 1)]
    assert min(energy) > 0.83 * max(energy)
    rest = quality.gradient_energy(canvas.fitted)
    assert min(energy) > 0.83 * rest


def grey(name: str) -> Frame:
    """Return a photograph of even texture, as fine as its pixels, in grey."""
    picture = np.asarray(getattr(cast(Any, skimage.data), name)(), np.uint8)[:256, :256]
    return np.repeat(picture[..., None], 3, axis=2)


def test_what_is_filled_moves_with_the_picture() -> None:
    """One place beyond the border looks the same from two poses."""
    canvas = whole(photograph("coffee", SIDE))
    near, far = move_picture(canvas, [Pose(dx=0.15), Pose(dx=0.25)], 1)
    shift = round(0.1 * SIDE)
    strip = slice(SIDE - round(0.14 * SIDE), SIDE - 1)
    moved = far[:, strip.start - shift : strip.stop - shift]
    assert quality.psnr(np.asarray(near[:, strip]), np.asarray(moved)) > 25


def test_a_models_answer_colours_what_the_picture_lacks() -> None:
    canvas = whole(photograph("coffee", 128))
    poses = tuple(path_to(Pose(dx=0.4), 6))
    blue = np.zeros((6, 64, 64, 3), np.uint8) + np.array([0, 0, 255], np.uint8)
    uncovered = warp.uncovered((128, 128), canvas.window, poses, (64, 64))
    answered = move_picture(canvas, poses, 1, Moments(blue, uncovered, poses, canvas.window))
    plain = move_picture(canvas, poses, 1)
    change = answered[5].astype(int) - plain[5]
    assert change[:, 110:, 2].mean() > 60
    assert np.array_equal(answered[5][:, :70], plain[5][:, :70])  # where the picture shows


def test_the_seed_chooses_the_texture() -> None:
    canvas = whole(photograph("coffee", 128))
    one, same, other = (move_picture(canvas, [Pose(zoom=0.7)], seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    "pose", [Pose(zoom=0.05), Pose(dx=10.0, dy=-10.0), Pose(roll=180.0, zoom=20.0)]
)
def test_a_path_far_out_takes_bounded_memory(pose: Pose) -> None:
    canvas = whole(photograph("coffee", 64), (1024, 1024))
    frames = move_picture(canvas, [Pose(), pose], 1)
    assert sum(level.pixels.size for level in frames.levels) < 3 * 8 * MOST_PIXELS
    assert frames[1].shape == (1024, 1024, 3)


@pytest.mark.parametrize(("width", "height"), [(8, 8), (1, 1), (3, 200)])
def test_the_smallest_pictures_are_carried_on(width: int, height: int) -> None:
    tiny = np.full((height, width, 3), 90, np.uint8)
    frame = move_picture(whole(tiny, (64, 64)), [Pose(zoom=0.6, dx=0.1)], 1)[0]
    assert np.abs(frame.astype(int) - 90).max() <= 8


def test_frames_survive_the_way_between_processes() -> None:
    frames = move_picture(whole(photograph("coffee", 64)), path_to(Pose(zoom=0.8)), 1)
    again = pickle.loads(pickle.dumps(frames))  # our own bytes
    assert np.array_equal(again[4], frames[4])


def test_a_canvas_of_another_shape_uses_the_pictures_own_pixels_first() -> None:
    source = photograph("coffee", SIDE)
    canvas = Canvas(source, (0.0, 56.0, 256.0, 144.0), (256, 144))
    frame = move_picture(canvas, path_to(Pose(zoom=0.74)), 1)[4]
    truth = warp.move(source, canvas.window, [Pose(zoom=0.74)], canvas.size)[0]
    shown = np.s_[:, 40:-40]  # above and below the window the picture goes on
    assert quality.psnr(np.asarray(frame[shown]), np.asarray(truth[shown])) > 30

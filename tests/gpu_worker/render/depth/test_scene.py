"""A camera that moves through a picture's scene, against scenes whose geometry is known."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_worker.lab.depth import scenes
from gpu_worker.media import motion, quality
from gpu_worker.media.frames import Frame
from gpu_worker.render.depth.inverse_depth import DepthMap
from gpu_worker.render.moved_picture import move_picture
from storage.domain.camera.motion import Camera, Motion, Pose, Reading
from storage.domain.camera.path import plan
from tests.gpu_worker.render.depth.geometry import RenderedScene, tracked
from tests.gpu_worker.render.scenes import photograph, whole

SIDE = 192
KINDS: dict[str, Callable[[np.random.Generator], list[scenes.Thing]]] = {
    "layers": scenes.layers,
    "planes": scenes.planes,
    "balls": scenes.balls,
}
ENDS = {
    "pan": Pose(dx=0.15),
    "tilt": Pose(dy=-0.12),
    "zoom_in": Pose(dx=0.03, dy=0.02, zoom=1.3),
    "zoom_out": Pose(zoom=0.78),
}


@cache
def scene_of(kind: str) -> RenderedScene:
    return RenderedScene.of(KINDS[kind](np.random.default_rng(5)), SIDE)


def path_to(end: Pose, frames: int) -> list[Pose]:
    shares = np.linspace(0, 1, frames)
    return [Pose(s * end.dx, s * end.dy, end.zoom**s, s * end.roll) for s in shares]


@cache
def clip(kind: str, end: str) -> list[Frame]:
    return moved(scene_of(kind), path_to(ENDS[end], 6))


def moved(scene: RenderedScene, poses: list[Pose]) -> list[Frame]:
    return list(move_picture(scene.canvas, poses, 1, depth=scene.depth))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_parallax_is_what_the_geometry_says(kind: str, end: str) -> None:
    scene, pose = scene_of(kind), ENDS[end]
    start, there = tracked(clip(kind, end))
    flat = (start - SIDE * np.array([pose.dx, pose.dy])) * pose.zoom
    measured, true = there - flat, scene.carried(start, pose) - flat
    close = np.linalg.norm(there - flat - true, axis=1) < 3  # the tracker loses some at edges
    assert close.mean() > 0.7
    parallax = (measured[close] * true[close]).sum() / np.square(true[close]).sum()
    assert parallax == pytest.approx(1.0, abs=0.05)
    assert np.abs(true[close]).max() > 4  # pixels


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_both_places_see_is_sharp_and_in_its_place(kind: str, end: str) -> None:
    scene, pose = scene_of(kind), ENDS[end]
    frame, truth = clip(kind, end)[-1], scene.truth(pose).frame
    shown = scene.shown(pose)
    assert shown.mean() > 0.3
    error = np.square(frame.astype(float) - truth).mean(axis=2)[shown].mean()
    assert 10 * np.log10(255**2 / error) > 27
    assert energy(frame, shown) >= 0.9 * energy(truth, shown)


def energy(frame: Frame, mask: NDArray[np.bool_]) -> float:
    light = frame.astype(float).mean(axis=2)
    down, across = np.square(np.diff(light, axis=0)), np.square(np.diff(light, axis=1))
    return float(down[mask[1:] & mask[:-1]].mean() + across[mask[:, 1:] & mask[:, :-1]].mean())


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_torn_or_stretched_where_depth_jumps(kind: str) -> None:
    """No pixel of a disc's clear colours is left behind, and none is drawn out between."""
    scene, pose = scene_of(kind), ENDS["pan"]
    frame, truth = clip(kind, "pan")[-1], scene.truth(pose).frame
    far = np.abs(frame.astype(int) - truth).max(axis=2) > 80
    assert (far & scene.shown(pose)).mean() < 0.005


def test_colours_do_not_run_over_a_cut() -> None:
    picture = np.zeros((SIDE, SIDE, 3), np.uint8) + np.array([30, 60, 200], np.uint8)
    picture[50:150, 60:160] = (230, 40, 30)
    nearness = np.full((SIDE, SIDE), 0.5, np.float32)
    nearness[50:150, 60:160] = 1.5
    frame = move_picture(whole(picture), [Pose(dx=0.08)], 1, depth=DepthMap(nearness, True))[0]
    red, blue = frame[..., 0] > 200, frame[..., 2] > 170
    assert red.sum() == pytest.approx(100 * 100, rel=0.04)
    assert (~red & ~blue).sum() < 4 * 100 * 2  # the edge, one or two pixels wide


def test_a_cut_is_as_smooth_as_the_path() -> None:
    """An edge moves by parts of pixels, so that it does not crawl."""
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[:, :100] = 255
    nearness = np.where(picture[..., 0] > 0, 1.5, 0.5).astype(np.float32)
    poses = [Pose(dx=0.1 + 0.001 * step) for step in range(12)]
    frames = move_picture(whole(picture), poses, 1, depth=DepthMap(nearness, True))
    edges = [float(frame[60:130, 20:140, 0].mean(axis=0).sum()) / 255 for frame in frames]
    steps = np.diff(edges)
    assert np.abs(steps - steps.mean()).max() < 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_a_camera_at_rest_shows_exactly_the_fitted_picture(kind: str) -> None:
    scene = scene_of(kind)
    frames = moved(scene, [Pose(), Pose(dx=0.002)])
    assert np.array_equal(frames[0], scene.canvas.fitted)
    assert quality.psnr(frames[1], frames[0]) > 25


def test_depth_of_one_value_moves_as_the_flat_picture() -> None:
    canvas = whole(photograph("coffee", SIDE))
    even = DepthMap(np.full((32, 32), 7.0, np.float32))
    poses = path_to(Pose(dx=0.1, zoom=1.2, roll=5.0), 3)
    deep, flat = move_picture(canvas, poses, 1, depth=even), move_picture(canvas, poses, 1)
    assert quality.psnr(deep[2], flat[2]) > 35


@pytest.mark.parametrize(
    "asked",
    [
        *(Motion.PAN_LEFT, Motion.PAN_RIGHT, Motion.TILT_UP, Motion.TILT_DOWN),
        *(Motion.ZOOM_IN, Motion.ZOOM_OUT, Motion.ROLL_CLOCKWISE),
    ],
)
def test_the_clip_moves_as_asked(asked: Motion) -> None:
    scene = scene_of("balls")
    poses = list(plan(Camera(), Reading(asked), 3, 12, 24.0))
    measured = motion.measure(motion.track(np.stack(moved(scene, poses))))
    assert motion.dominant(measured) is asked


def test_a_roll_has_no_parallax() -> None:
    scene = scene_of("balls")
    flat = move_picture(scene.canvas, [Pose(roll=9.0)], 1)[0]
    assert quality.psnr(moved(scene, [Pose(roll=9.0)])[0], flat) > 45


def test_the_clip_does_not_pulse() -> None:
    scene = scene_of("balls")
    energies = [quality.gradient_energy(frame) for frame in moved(scene, path_to(ENDS["pan"], 12))]
    assert max(abs(after / before - 1) for before, after in pairwise(energies[1:])) < 0.08


@pytest.mark.parametrize(
    "pose", [Pose(zoom=0.4), Pose(dx=2.0, dy=-2.0), Pose(roll=180.0, zoom=20.0)]
)
def test_a_path_far_out_shows_something(pose: Pose) -> None:
    random = np.random.default_rng(1)
    rough = DepthMap(random.uniform(0, 1, (64, 64)).astype(np.float32))
    frames = move_picture(whole(photograph("coffee", 64), (96, 64)), [pose], 1, depth=rough)
    assert frames[0].shape == (64, 96, 3)
    assert frames[0].std() > 1


def test_frames_survive_the_way_between_processes() -> None:
    scene = scene_of("layers")
    frames = move_picture(scene.canvas, path_to(ENDS["pan"], 3), 1, depth=scene.depth)
    again = pickle.loads(pickle.dumps(frames))  # our own bytes
    assert np.array_equal(again[2], frames[2])

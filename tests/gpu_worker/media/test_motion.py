"""Tests of the motion measurement, on clips whose motion is known."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_worker.media.motion import MeasuredMotion, dominant, measure, track
from gpu_worker.media.warp import move
from storage.domain.camera.motion import Camera, Motion, Pose, Reading, Speed
from storage.domain.camera.path import plan

MOTIONS = [motion for motion in Motion if motion not in (Motion.AUTO, Motion.DRIFT)]


def picture(seed: int = 1, side: int = 300) -> NDArray[np.uint8]:
    """Draw a picture with soft shapes and fine structure, (side, side, 3)."""
    random = np.random.default_rng(seed)
    canvas = np.zeros((side, side, 3), np.float32)
    for cells in (4, 12, 40, 100):
        noise = random.normal(0, 1, (cells, cells, 3)).astype(np.float32)
        layer = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
        canvas += np.asarray(layer, np.float32) / cells**0.3
    low, high = float(canvas.min()), float(canvas.max())
    return ((canvas - low) / (high - low) * 255).astype(np.uint8)


def clip(poses: tuple[Pose, ...], seed: int = 1, size: int = 128) -> NDArray[np.uint8]:
    """Return the frames that a camera on this path sees."""
    source = picture(seed)
    return move(source, (30.0, 30.0, 240.0, 240.0), poses, (size, size))


def ramp(end: Pose, frames: int = 16) -> tuple[Pose, ...]:
    """Return an even path from rest to a pose."""
    shares = np.linspace(0.0, 1.0, frames)
    return tuple(
        Pose(end.dx * s, end.dy * s, end.zoom**s, end.roll * s) for s in map(float, shares)
    )


@pytest.mark.parametrize(
    "end",
    [
        Pose(dx=0.2),
        Pose(dx=-0.1),
        Pose(dy=0.15),
        Pose(dy=-0.25),
        Pose(zoom=1.35),
        Pose(zoom=0.8),
        Pose(roll=14.0),
        Pose(roll=-9.0),
        Pose(dx=0.1, dy=-0.05, zoom=1.2, roll=5.0),
        Pose(),
    ],
)
def test_a_known_path_is_measured(end: Pose) -> None:
    measured = measure(track(clip(ramp(end))))
    assert measured.pan == pytest.approx(end.dx, abs=0.01)
    assert measured.tilt == pytest.approx(end.dy, abs=0.01)
    assert measured.zoom == pytest.approx(math.log(end.zoom), abs=0.02)
    assert measured.roll == pytest.approx(end.roll, abs=0.7)
    assert measured.shake < 0.002


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize(("speed", "frames"), [(Speed.SLOW, 16), (Speed.FAST, 8)])
def test_planned_motions_are_told_apart(motion: Motion, speed: Speed, frames: int) -> None:
    poses = plan(Camera(), Reading(motion, speed), 1, frames)
    assert dominant(measure(track(clip(poses)))) is motion


def test_noise_and_blur_do_not_hide_the_motion() -> None:
    frames = clip(ramp(Pose(dx=0.2)), size=96)
    noise = np.random.default_rng(0).normal(0, 6, frames.shape)
    spoiled = np.clip(frames + noise, 0, 255).astype(np.uint8)
    blurred = np.stack([cv2.GaussianBlur(frame, (0, 0), 1.2) for frame in spoiled])
    measured = measure(track(blurred.astype(np.uint8)))
    assert dominant(measured) is Motion.PAN_RIGHT
    assert measured.pan == pytest.approx(0.2, abs=0.04)


def test_a_soft_picture_without_corners_is_aligned_as_a_whole() -> None:
    y, x = np.mgrid[0:300, 0:300].astype(np.float32)
    blob = 200 * np.exp(-((x - 150) ** 2 + (y - 150) ** 2) / 4000)
    source = np.repeat(blob[..., None], 3, axis=2).astype(np.uint8)
    frames = move(source, (50.0, 50.0, 200.0, 200.0), ramp(Pose(dx=0.15)), (128, 128))
    assert dominant(measure(track(frames))) is Motion.PAN_RIGHT


def test_an_empty_picture_stands_still() -> None:
    assert dominant(measure(track(np.full((6, 64, 64, 3), 90, np.uint8)))) is Motion.STATIC


def test_two_frames_are_enough() -> None:
    assert dominant(measure(track(clip((Pose(), Pose(dx=0.08)))))) is Motion.PAN_RIGHT


def test_the_largest_share_is_dominant() -> None:
    assert (
        dominant(MeasuredMotion(pan=0.1, tilt=0.0, zoom=0.3, roll=2.0, shake=0.0)) is Motion.ZOOM_IN
    )
    assert (
        dominant(MeasuredMotion(pan=0.02, tilt=0.0, zoom=0.0, roll=1.0, shake=0.0)) is Motion.STATIC
    )

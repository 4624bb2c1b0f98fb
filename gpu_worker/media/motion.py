"""Measures the camera's motion in a clip by a similarity transform from frame to frame.

Points are tracked between neighbouring frames and a similarity is fitted to them; where there are
too few, the whole frames are aligned. Signs are the camera's, as in storage.domain.camera.motion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.frames import Frame, Frames
from storage.domain.camera.motion import Motion

Similarity = NDArray[np.float64]  # (3, 3), content of one frame -> content of a later one
Grey = NDArray[np.uint8]  # (height, width)

TYPICAL_ZOOM = 0.3  # natural logarithm
TYPICAL_SHIFT = 0.22  # of the frame's side
TYPICAL_ROLL = 14.0  # degrees
TYPICAL_SHAKE = 0.009  # of the frame's side, root mean square
REST = 0.15  # below this share of the typical amount nothing counts as motion
_SIDE = 256  # small frames are enlarged to this side, so that tracking sees parts of pixels
_POINTS = 250
_FEW = 12
_BACK_AND_FORTH = 1.0  # pixels by which a point tracked there and back may miss itself


@dataclass(frozen=True, slots=True)
class TrackedFrames:
    """Frames in grey, and the similarity from each to the next one: one fewer than frames."""

    greys: Sequence[Grey]
    steps: Sequence[Similarity]


@dataclass(frozen=True, slots=True)
class MeasuredMotion:
    """What the camera did from the first frame to the last.

    pan and tilt are fractions of the frame's width and height (> 0: to the right, down), zoom is
    the natural logarithm of the magnification, roll is in degrees (> 0: clockwise). shake is the
    root mean square of what a smooth path leaves of the shifts, as a fraction of the side.
    """

    pan: float
    tilt: float
    zoom: float
    roll: float
    shake: float

    @property
    def shares(self) -> Mapping[Motion, float]:
        """Return how much of each motion there is, as a share of the typical amount."""
        zoom, roll = self.zoom / TYPICAL_ZOOM, self.roll / TYPICAL_ROLL
        pan, tilt = self.pan / TYPICAL_SHIFT, self.tilt / TYPICAL_SHIFT
        return {
            Motion.ZOOM_IN: zoom,
            Motion.ZOOM_OUT: -zoom,
            Motion.PAN_LEFT: -pan,
            Motion.PAN_RIGHT: pan,
            Motion.TILT_UP: -tilt,
            Motion.TILT_DOWN: tilt,
            Motion.ROLL_CLOCKWISE: roll,
            Motion.ROLL_COUNTERCLOCKWISE: -roll,
            Motion.SHAKE: self.shake / TYPICAL_SHAKE,
        }


def track(frames: Frames) -> TrackedFrames:
    """Follow the content through the frames, which is most of the work of any measure of them."""
    greys = [grey(frame) for frame in frames]
    return TrackedFrames(greys, [between(before, after) for before, after in pairwise(greys)])


def measure(tracked: TrackedFrames) -> MeasuredMotion:
    """Measure the camera's motion over the frames."""
    height, width = tracked.greys[0].shape
    path, total = [np.zeros(4)], np.eye(3)
    for step in tracked.steps:
        total = step @ total
        path.append(_pose(total, width, height))
    poses = np.array(path)  # (frames, 4): pan, tilt, zoom, roll
    pan, tilt, zoom, roll = (float(value) for value in poses[-1])
    return MeasuredMotion(pan, tilt, zoom, roll, _shake(poses[:, :2]))


def dominant(measured: MeasuredMotion) -> Motion:
    """Return the motion that outweighs the others, or STATIC where there is next to none."""
    shares = measured.shares
    largest = max(shares, key=lambda motion: shares[motion])
    return largest if shares[largest] >= REST else Motion.STATIC


def grey(frame: Frame) -> Grey:
    """Return the frame in grey, large enough to track parts of pixels."""
    light = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    scale = _SIDE / min(light.shape)
    if scale != 1.0:
        method = cv2.INTER_CUBIC if scale > 1.0 else cv2.INTER_AREA
        light = cv2.resize(light, None, fx=scale, fy=scale, interpolation=method)
    return np.asarray(light, np.uint8)


def between(before: Grey, after: Grey) -> Similarity:
    """Return the similarity that carries one grey frame's content to the next one's."""
    tracked = _tracked(before, after)
    if tracked is not None:
        start, end = tracked
        matrix, inliers = cv2.estimateAffinePartial2D(
            start,
            end,
            method=cv2.RANSAC,
            ransacReprojThreshold=1.5,
            maxIters=2000,
            confidence=0.999,
        )
        if matrix is not None and int(inliers.sum()) >= max(_FEW, 0.3 * len(start)):
            return np.vstack([matrix, [0.0, 0.0, 1.0]])
    return _aligned(before, after)


def _tracked(before: Grey, after: Grey) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return points of one frame and where they are in the next, each (points, 2)."""
    start = cv2.goodFeaturesToTrack(before, _POINTS, 0.005, 5)
    if start is None or len(start) < _FEW:
        return None
    flow = cv2.SparsePyrLKOpticalFlow.create((21, 21), 4)
    guess = np.zeros_like(start)
    end, found, _ = flow.calc(before, after, start, guess)
    again, returned, _ = flow.calc(after, before, end, guess.copy())
    miss = np.linalg.norm((again - start).reshape(-1, 2), axis=1)
    good = (found.ravel() == 1) & (returned.ravel() == 1) & (miss < _BACK_AND_FORTH)
    if good.sum() < _FEW:
        return None
    return start.reshape(-1, 2)[good], end.reshape(-1, 2)[good]


def _aligned(before: Grey, after: Grey) -> Similarity:
    """Align whole frames: a similarity by their correlation, or else a mere shift."""
    shift, _ = cv2.phaseCorrelate(before.astype(np.float64), after.astype(np.float64))
    moved = np.eye(3)
    if max(map(abs, shift)) < 0.2 * min(before.shape):
        moved[:2, 2] = shift
    guess = moved[:2].astype(np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-4)
    try:
        _, found = cv2.findTransformECC(before, after, guess, cv2.MOTION_AFFINE, stop)
    except cv2.error:
        return moved  # frames without texture do not converge
    linear = found[:2, :2]
    across, turned = (linear[0, 0] + linear[1, 1]) / 2, (linear[1, 0] - linear[0, 1]) / 2
    if not 0.7 < math.hypot(across, turned) < 1.4:
        return moved
    return np.array([[across, -turned, found[0, 2]], [turned, across, found[1, 2]], [0, 0, 1.0]])


def _pose(total: Similarity, width: int, height: int) -> NDArray[np.float64]:
    """Return pan, tilt, zoom and roll of the camera that saw the content move so."""
    centre = np.array([(width - 1) / 2, (height - 1) / 2, 1.0])
    seen = np.linalg.inv(total) @ centre  # what now stands in the middle, where it once was
    across, turned = total[0, 0], total[1, 0]
    return np.array(
        [
            (seen[0] - centre[0]) / width,
            (seen[1] - centre[1]) / height,
            math.log(math.hypot(across, turned)),
            -math.degrees(math.atan2(turned, across)),
        ]
    )


def _shake(shifts: NDArray[np.float64]) -> float:
    """Return the root mean square of shifts (frames, 2) beside the smooth path through them."""
    frames = len(shifts)
    degree = 3 if frames >= 8 else 2
    if frames <= degree + 1:
        return 0.0
    time = np.linspace(-1.0, 1.0, frames)
    powers = np.vander(time, degree + 1)
    smooth = powers @ np.linalg.lstsq(powers, shifts, rcond=None)[0]
    return float(np.sqrt(((shifts - smooth) ** 2).sum(axis=1).mean()))

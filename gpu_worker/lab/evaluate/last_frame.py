"""Measures how the last frame of a clip looks where the picture shows and where it does not.

That is where a path ends, and where most of what it uncovers is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame
from gpu_worker.media.picture import Canvas
from storage.domain.camera.motion import Pose

Mask = NDArray[np.bool_]  # (height, width)

LEAST = 0.01
"""The least share of a frame that has to be uncovered to be measured."""

SURROUNDINGS = 0.12
"""How far the surroundings reach into the picture, as a share of the frame's shorter side."""

BESIDE = (-4, -3, -2, 2, 3, 4)
"""The steps beside a border, in pixels, whose jumps are compared with the one across it."""


@dataclass(frozen=True, slots=True)
class LastFrame:
    """Gradient energies and jumps of a frame, as ratios; None where nothing is uncovered.

    shown is the energy where the picture shows, of the true crop's; filled is that of what the path
    uncovers, of its surroundings'; seam is the mean jump across the border between both, of the
    mean jump beside it.
    """

    shown: float
    filled: float | None = None
    seam: float | None = None


def measure(frame: Frame, canvas: Canvas, pose: Pose) -> LastFrame:
    """Measure a frame that a camera in a pose sees of a canvas."""
    source = (canvas.source.shape[1], canvas.source.shape[0])
    size = (frame.shape[1], frame.shape[0])
    truth = warp.move(canvas.source, canvas.window, [pose], size)[0]
    fill = warp.uncovered(source, canvas.window, [pose], size)[0] > 0
    shows = ~cv2.dilate(fill.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    shown = _energy(frame, shows) / max(_energy(truth, shows), 1e-9)
    if fill.mean() < LEAST:
        return LastFrame(shown)
    distance = cv2.distanceTransform((~fill).astype(np.uint8), cv2.DIST_L2, 5)
    near = ~fill & (distance <= SURROUNDINGS * min(size))
    filled = _energy(frame, fill) / max(_energy(frame, near), 1e-9)
    return LastFrame(shown, filled, _seam(frame, fill))


def _energy(frame: Frame, mask: Mask) -> float:
    """Return the mean squared difference of neighbours that both lie within a mask."""
    light = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float64)
    down = np.square(np.diff(light, axis=0))[mask[1:] & mask[:-1]]
    across = np.square(np.diff(light, axis=1))[mask[:, 1:] & mask[:, :-1]]
    return float((down.mean() if down.size else 0.0) + (across.mean() if across.size else 0.0))


def _seam(frame: Frame, fill: Mask) -> float | None:
    """Return the mean jump across the border of what is filled, of the mean jump beside it."""
    across, beside = [], []
    for light, mask in ((frame, fill), (frame.swapaxes(0, 1), fill.T)):
        jumps = np.abs(np.diff(light.astype(np.float64), axis=1)).mean(axis=2)
        border = mask[:, 1:] != mask[:, :-1]
        reach = max(BESIDE)
        border[:, :reach] = border[:, -reach:] = False
        across.append(jumps[border])
        beside += [np.roll(jumps, step, axis=1)[border] for step in BESIDE]
    crossing = np.concatenate(across)
    if not crossing.size:
        return None
    return float(crossing.mean() / max(np.concatenate(beside).mean(), 1e-9))

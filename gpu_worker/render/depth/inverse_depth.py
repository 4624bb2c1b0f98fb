"""How near the places of a picture are, and how that becomes how far they move."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.picture import Canvas

Plane = NDArray[np.float32]  # (height, width)

SPREAD = 1.0
"""The range of inverse depth that a picture of unknown scale and shift gets: the nearest things
move three times as far as the farthest."""

NEAREST = 2.5
"""The most that anything near moves, as a multiple of the mean."""

FARTHEST = 0.05
"""The least that anything far moves."""

OUTLIERS = 2.0
"""The share of the nearest and of the farthest places that does not count, in percent."""

SAMPLES = 256
"""The largest side at which the mean is taken."""


@dataclass(frozen=True, eq=False)
class DepthMap:
    """The inverse depth (h, w) of a whole picture, larger where it is nearer.

    Its scale is unknown; so is its zero, unless it is metric.
    """

    values: Plane
    metric: bool = False

    @classmethod
    def of_distances(cls, distances: Plane) -> DepthMap:
        """Return the map of distances along the camera's axis, in whatever unit."""
        least = max(float(np.quantile(distances, 0.001)), 1e-6)
        return cls(np.asarray(1.0 / np.maximum(distances, least), np.float32), metric=True)


def relative_motion(depth: DepthMap, canvas: Canvas) -> Plane:
    """Return how far each place (h, w) moves, as a multiple of the mean over the opening window.

    That is the inverse depth in units of its mean, so that a camera that passes through the scene
    moves the picture as far, on average, as one that passes over a flat picture.
    """
    values = np.nan_to_num(depth.values, nan=0.0, posinf=0.0, neginf=0.0)
    inside = _window(values, canvas)
    mean = float(inside.mean())
    low, high = (float(value) for value in np.percentile(inside, (OUTLIERS, 100.0 - OUTLIERS)))
    if high - low <= 1e-6 * max(abs(high), abs(low), 1e-12):
        return np.ones_like(values)
    scale = 1.0 / mean if depth.metric and mean > 0 else SPREAD / (high - low)
    share = min(
        scale,
        (NEAREST - 1.0) / max(high - mean, 1e-12),
        (1.0 - FARTHEST) / max(mean - low, 1e-12),
    )
    return np.asarray(np.clip(1.0 + share * (values - mean), FARTHEST, NEAREST), np.float32)


def _window(values: Plane, canvas: Canvas) -> Plane:
    """Return the values inside of a canvas's window."""
    height, width = values.shape
    across, down = width / canvas.source.shape[1], height / canvas.source.shape[0]
    x, y, wide, high = canvas.window
    left, top = int(x * across), int(y * down)
    right, bottom = round((x + wide) * across), round((y + high) * down)
    inside = values[top : max(bottom, top + 1), left : max(right, left + 1)]
    size = (min(inside.shape[1], SAMPLES), min(inside.shape[0], SAMPLES))
    return np.asarray(cv2.resize(inside, size, interpolation=cv2.INTER_AREA), np.float32)

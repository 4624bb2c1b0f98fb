"""What a camera on a path sees of a picture, and how far beyond it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import warp
from storage.domain.camera.motion import Pose

MARGIN = 2.5
"""How far beyond the frames a cubic kernel reads, in pixels of the clip."""


@dataclass(frozen=True, slots=True)
class Margins:
    """How many pixels there are on each side of a picture."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def any(self) -> bool:
        """Tell whether there is anything beyond the picture."""
        return max(self.left, self.top, self.right, self.bottom) > 0

    def around(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height of a picture of this size with its margins."""
        return self.left + width + self.right, self.top + height + self.bottom


@dataclass(frozen=True, slots=True)
class Extent:
    """The part of a source that a path needs, and what it sees beyond the source.

    left, top, right and bottom bound the part in whole pixels of the source; beyond are the widths
    of what lies outside of the source on its (left, top, right, bottom), in the source's pixels.
    """

    left: int
    top: int
    right: int
    bottom: int
    beyond: tuple[float, float, float, float]

    @property
    def size(self) -> tuple[float, float]:
        """Return the width and height of all that is seen, in the source's pixels."""
        left, top, right, bottom = self.beyond
        return self.right - self.left + left + right, self.bottom - self.top + top + bottom


def seen(
    source: tuple[int, int], window: warp.Window, poses: Iterable[Pose], size: tuple[int, int]
) -> Extent:
    """Return what frames of `size` show of a source; sizes are (width, height).

    Less than half a pixel beyond the source counts as nothing.
    """
    pixel = np.array([window[2] / size[0], window[3] / size[1]])
    points = np.concatenate([_corners(window, pose, size) for pose in (warp.STILL, *poses)])
    least, most = points.min(axis=0), points.max(axis=0)
    outside = np.concatenate([-least, most - source])
    margin = MARGIN * np.tile(pixel, 2)
    lies_outside = outside > warp.EDGE_TOLERANCE * np.tile(pixel, 2)
    beyond = np.where(lies_outside, outside + margin, 0.0)
    (left, top), (right, bottom) = least - margin[:2], most + margin[:2]
    width, height = source
    return Extent(
        min(max(math.floor(left), 0), width - 1),
        min(max(math.floor(top), 0), height - 1),
        max(min(math.ceil(right), width), 1),
        max(min(math.ceil(bottom), height), 1),
        (float(beyond[0]), float(beyond[1]), float(beyond[2]), float(beyond[3])),
    )


def _corners(window: warp.Window, pose: Pose, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the corners (4, 2) of a frame in the source, as edges of pixels."""
    matrix = warp.frame_to_source(window, pose, size)
    across, down = (-0.5, size[0] - 0.5), (-0.5, size[1] - 0.5)
    corners = np.array([(x, y, 1.0) for x in across for y in down])
    return np.asarray(corners @ matrix.T + 0.5, np.float64)

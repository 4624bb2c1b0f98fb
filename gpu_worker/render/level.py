"""One picture at several sizes, so that every frame samples one that is about as fine as itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame

DENSITY = 1.3
"""How many pixels a level has for each pixel of a frame, at least, where a finer one is there."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a source lies on a plane of pixels.

    per_source is the plane's number of pixels for each of the source's (across, down); origin is
    where the source's upper left corner lies, in pixels from the plane's own.
    """

    per_source: tuple[float, float]
    origin: tuple[float, float]

    def from_source(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a 2 x 3 matrix to the plane's pixel indices for one to the source's."""
        scale, origin = np.array(self.per_source), np.array(self.origin)
        placed = np.array(matrix * scale[:, None], np.float64)
        placed[:, 2] += 0.5 * scale + origin - 0.5
        return placed

    def scaled(self, across: float, down: float) -> Placement:
        """Return the placement on the same plane with another number of pixels."""
        return Placement(
            (self.per_source[0] * across, self.per_source[1] * down),
            (self.origin[0] * across, self.origin[1] * down),
        )


@dataclass(frozen=True, eq=False)
class Level:
    """A picture (height, width, 3), RGB, and where the source lies on it.

    scale is its number of pixels for each pixel of the clip, with the camera at rest.
    """

    pixels: Frame
    scale: float
    placement: Placement

    def halved(self) -> Level:
        """Return the level at half its size."""
        height, width = self.pixels.shape[:2]
        size = (max(1, width // 2), max(1, height // 2))
        return Level(
            warp.resized(self.pixels, size),
            self.scale / 2,
            self.placement.scaled(size[0] / width, size[1] / height),
        )


def choose(levels: Sequence[Level], zoom: float) -> Level:
    """Return the coarsest of levels, finest first, that is dense enough, else the finest."""
    dense = [level for level in levels if level.scale >= DENSITY * zoom]
    return dense[-1] if dense else levels[0]

"""One picture at several sizes, so that every frame samples one that is about as fine as itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame

DENSITY = 1.3
"""How many pixels a level has for each pixel of a frame, at least, where a finer one is there."""

AVERAGED = 0.3
"""The contrast of fine detail that averaging two samples takes away where one would do."""


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

    def samples(self, zoom: float) -> int:
        """Return how many samples a frame takes for each pixel's side at a zoom."""
        return 1 if self.scale / zoom <= 1 + warp.SAMPLE_TOLERANCE else 2

    def finished(self, sampled: Frame, size: tuple[int, int], zoom: float) -> Frame:
        """Return a frame of a size (width, height) from its samples, as sharp as the picture."""
        reduction = self.scale / zoom
        if (sampled.shape[1], sampled.shape[0]) == size:
            return warp.sharpen(sampled, warp.sharpness(1 / reduction))
        frame = np.asarray(cv2.resize(sampled, size, interpolation=cv2.INTER_AREA), np.uint8)
        return warp.sharpen(frame, AVERAGED * (2.0 - reduction))

    def doubled(self) -> Level:
        """Return the level with twice the pixels, which may be sampled between any of them.

        Between two pixels a cubic kernel loses fine detail, and on a pixel none, so that a slow
        shift would make it pulse. Among twice as many it loses next to none anywhere.
        """
        height, width = self.pixels.shape[:2]
        size = (2 * width, 2 * height)
        pixels = cv2.resize(self.pixels, size, interpolation=cv2.INTER_LANCZOS4)
        return Level(np.asarray(pixels, np.uint8), self.scale, self.placement.scaled(2.0, 2.0))

    def halved(self) -> Level:
        """Return the level at half its size."""
        height, width = self.pixels.shape[:2]
        size = (max(1, width // 2), max(1, height // 2))
        return Level(
            warp.resized(self.pixels, size),
            self.scale / 2,
            self.placement.scaled(size[0] / width, size[1] / height),
        )


def sampled_at(level: Level, x: NDArray[np.float32], y: NDArray[np.float32]) -> Frame:
    """Return a level's colours at pixel indices."""
    return np.asarray(
        cv2.remap(level.pixels, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def choose(levels: Sequence[Level], zoom: float) -> Level:
    """Return the coarsest of levels, finest first, that is dense enough, else the finest."""
    dense = [level for level in levels if level.scale >= DENSITY * zoom]
    return dense[-1] if dense else levels[0]

"""Where the rays of a frame's pixels meet a plane of pixels, for whatever depth they reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_worker.render.depth.inverse_depth import Plane
from gpu_worker.render.depth.viewpoint import Viewpoint
from gpu_worker.render.level import Placement

Indices = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Rays:
    """Lines on a plane of pixels, x + q * along_x and y + q * along_y for each inverse depth q.

    The arrays may be of any shapes that broadcast to that of the rays.
    """

    x: Indices
    y: Indices
    along_x: Indices
    along_y: Indices

    @classmethod
    def of(cls, view: Viewpoint, plane: Placement, x: Indices, y: Indices) -> Rays:
        """Return the rays on a plane of a frame's pixels x and y."""
        far = plane.from_source(view.far)
        slope = view.slope * np.array(plane.per_source)[:, None]
        return cls(
            _affine(far[0], x, y),
            _affine(far[1], x, y),
            _affine(slope[0], x, y),
            _affine(slope[1], x, y),
        )

    def at(self, depth: Plane) -> tuple[Plane, Plane]:
        """Return where (x, y) the rays are at their inverse depths."""
        x = depth * self.along_x
        x += self.x
        y = depth * self.along_y
        y += self.y
        return x, y


def pixels(size: tuple[int, int], density: float = 1.0) -> tuple[Indices, Indices]:
    """Return x (1, w) and y (h, 1) in pixels of a frame at so many samples for each pixel."""
    width, height = size
    x = ((np.arange(width) + 0.5) / density - 0.5).astype(np.float32)
    y = ((np.arange(height) + 0.5) / density - 0.5).astype(np.float32)
    return x[None, :], y[:, None]


def _affine(row: NDArray[np.float64], x: Indices, y: Indices) -> Indices:
    """Return row · (x, y, 1), without growing to two dimensions where one will do."""
    a, b, c = (np.float32(value) for value in row)
    if b == 0 and x.ndim == 2 and x.shape[0] == 1:
        return a * x + c
    if a == 0 and y.ndim == 2 and y.shape[1] == 1:
        return b * y + c
    return np.asarray(a * x + (b * y + c), np.float32)

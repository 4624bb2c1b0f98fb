"""Points of a surface, projected into frames to find which of them is seen where."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.render.depth.inverse_depth import Plane
from gpu_worker.render.depth.surfaces import Mask
from gpu_worker.render.depth.viewpoint import Viewpoint
from gpu_worker.render.level import Placement

PITCH = 2
"""The distance of neighbouring points, in cells of the grid."""


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points (n) of a source by their place in it and inverse depth, the farthest first."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    depth: NDArray[np.float32]

    @classmethod
    def of(cls, surface: Plane, grid: Placement, mask: Mask | None = None) -> SurfacePoints:
        """Return points of a surface (h, w) on a grid, where a mask allows it."""
        nearest = cv2.dilate(surface, np.ones((PITCH, PITCH), np.uint8))
        rows, columns = np.mgrid[0 : surface.shape[0] : PITCH, 0 : surface.shape[1] : PITCH]
        if mask is not None:
            chosen = mask[rows, columns]
            rows, columns = rows[chosen], columns[chosen]
        depth = nearest[rows, columns].ravel()
        order = np.argsort(depth, kind="stable")
        x = (columns.ravel()[order] + 0.5 - grid.origin[0]) / grid.per_source[0] - 0.5
        y = (rows.ravel()[order] + 0.5 - grid.origin[1]) / grid.per_source[1] - 0.5
        return cls(x.astype(np.float32), y.astype(np.float32), depth[order].astype(np.float32))

    def seen(self, view: Viewpoint, cells: tuple[int, int], step: float) -> Plane:
        """Return the inverse depth of the nearest point in each cell of a frame, 0 for none.

        cells are their numbers (across, down), step their side in the frame's pixels.
        """
        back = np.linalg.inv(view.far[:, :2])
        start, along = -back @ view.far[:, 2], back @ (view.slope[:, 2])
        nearer = 1.0 / (1.0 - np.float32(view.closer) * self.depth)
        across, down = cells
        columns, rows = (
            np.clip((place * nearer + (0.5 + step)) / step, 0, count + 1).astype(np.int32)
            for place, count in (
                (self._projected(back[0], start[0], along[0]), across),
                (self._projected(back[1], start[1], along[1]), down),
            )
        )  # counted from 1; 0 and count + 1 are outside
        found = np.zeros((down + 2) * (across + 2), np.float32)
        found[rows * (across + 2) + columns] = self.depth  # of several the last, the nearest, stays
        return found.reshape(down + 2, across + 2)[1:-1, 1:-1]

    def _projected(
        self, back: NDArray[np.float64], start: float, along: float
    ) -> NDArray[np.float32]:
        """Return one coordinate of the points in a frame whose camera comes no closer."""
        place = np.float32(back[0]) * self.x
        place += np.float32(back[1]) * self.y
        place -= np.float32(along) * self.depth
        place += np.float32(start)
        return place

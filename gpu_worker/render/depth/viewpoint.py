"""Where a camera stands in a scene when a path over the flat picture has it in a pose.

Something at inverse depth q, in units of the mean, is seen as on a flat picture under another pose:
the camera's shift counts q times, and coming closer by a share of the mean distance magnifies it by
1 / (1 - q * share). At q = 1 that is the pose itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import warp
from storage.domain.camera.motion import Pose

Matrix = NDArray[np.float64]  # (2, 3)

CLOSEST, REMOTEST = 1.4, 0.6
"""The magnifications that the camera's own place gives; what is asked beyond is the lens's."""

FURTHEST_ASIDE = 0.5
"""How far the camera goes aside, in widths or heights of the window; beyond, the picture shifts."""


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """The affine maps (2 x 3) from a frame's pixel indices to the source's.

    far is the one for inverse depth 0, and slope what each unit of it adds.
    """

    far: Matrix
    slope: Matrix

    @classmethod
    def of(cls, window: warp.Window, pose: Pose, size: tuple[int, int]) -> Viewpoint:
        """Return the viewpoint of a pose for frames of a size (width, height)."""
        far, mean = (warp.frame_to_source(window, pose_at(pose, q), size) for q in (0.0, 1.0))
        return cls(far, mean - far)

    @property
    def closer(self) -> float:
        """Return how much closer to the scene the camera is, as a share of the mean distance."""
        far, slope = self.far[:, :2], self.slope[:, :2]
        return float(-(slope * far).sum() / (far * far).sum())

    def travel(self, size: tuple[int, int]) -> float:
        """Return how far a unit of inverse depth moves anything in a frame, in pixels, at most."""
        across, down = size[0] - 1, size[1] - 1
        corners = np.array([(x, y, 1.0) for x in (0, across) for y in (0, down)])
        moved = np.linalg.solve(self.far[:, :2], self.slope @ corners.T)
        return float(np.linalg.norm(moved, axis=0).max())


def pose_at(pose: Pose, inverse_depth: float) -> Pose:
    """Return the pose under which a flat picture looks like what lies at an inverse depth."""
    place = min(max(pose.zoom, REMOTEST), CLOSEST)
    lens, closer = pose.zoom / place, 1.0 - 1.0 / place
    aside = [min(max(d, -FURTHEST_ASIDE), FURTHEST_ASIDE) for d in (pose.dx, pose.dy)]
    dx, dy = (
        whole + (inverse_depth - 1.0) * part
        for whole, part in zip((pose.dx, pose.dy), aside, strict=True)
    )
    return Pose(dx, dy, lens / (1.0 - closer * inverse_depth), pose.roll)


def poses_between(poses: Iterable[Pose], least: float, most: float) -> list[Pose]:
    """Return the poses that bound what is seen at inverse depths from the least to the most."""
    return [pose_at(pose, depth) for pose in poses for depth in (least, most)]

"""What geometry says of rendered scenes: where points go, and which are seen from both places."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.lab.depth.scenes import Thing, Values, View, render
from gpu_worker.media.frames import Frame
from gpu_worker.media.picture import Canvas
from gpu_worker.render.depth.inverse_depth import DepthMap
from storage.domain.camera.motion import Pose
from tests.gpu_worker.render.scenes import whole

Points = NDArray[np.float64]  # (n, 2): x, y in pixels from the frame's middle


@dataclass(frozen=True, eq=False)
class RenderedScene:
    """A scene, its first view, and the distance at which things move as on the flat picture."""

    things: list[Thing]
    view: View
    mean: float

    @classmethod
    def of(cls, things: list[Thing], side: int) -> RenderedScene:
        view = render(things, (side, side))
        return cls(things, view, float(1.0 / (1.0 / view.distance).mean()))

    @property
    def canvas(self) -> Canvas:
        return whole(self.view.frame)

    @property
    def depth(self) -> DepthMap:
        return DepthMap.of_distances(self.view.distance)

    def place(self, pose: Pose) -> tuple[float, float, float]:
        """Return the camera's place in the scene for a pose on the flat picture."""
        return pose.dx * self.mean, pose.dy * self.mean, (1 - 1 / pose.zoom) * self.mean

    def truth(self, pose: Pose) -> View:
        """Return what a camera sees there."""
        side = self.view.frame.shape[0]
        return render(self.things, (side, side), self.place(pose))

    def carried(self, points: Points, pose: Pose) -> Points:
        """Return where points of the first view are seen in a pose."""
        return self._projected(points, self._distances(points), self.place(pose))

    def shown(self, pose: Pose) -> NDArray[np.bool_]:
        """Return which pixels (h, w) of a pose's true view the first view shows too."""
        side = self.view.frame.shape[0]
        distance = self.truth(pose).distance
        grid = np.arange(side) - (side - 1) / 2
        points = np.stack(np.meshgrid(grid, grid), axis=2).reshape(-1, 2)
        place = self.place(pose)
        back = self._projected(points, distance.ravel(), (-place[0], -place[1], -place[2]))
        found = self._distances(back)
        inside = np.abs(back).max(axis=1) < side / 2 - 2
        shown = inside & (np.abs(found / (distance.ravel() + place[2]) - 1) < 0.02)
        small = cv2.erode(shown.reshape(side, side).astype(np.uint8), np.ones((7, 7), np.uint8))
        return np.asarray(small > 0)

    def _projected(
        self, points: Points, distances: Values, place: tuple[float, float, float]
    ) -> Points:
        side = self.view.frame.shape[0]
        space = points / side * distances[:, None] - np.array(place[:2])
        return np.asarray(space / (distances - place[2])[:, None] * side, np.float64)

    def _distances(self, points: Points) -> Values:
        side = self.view.frame.shape[0]
        places = np.clip((points + (side - 1) / 2).round().astype(int), 0, side - 1)
        return np.asarray(self.view.distance[places[:, 1], places[:, 0]], np.float32)


def tracked(frames: list[Frame]) -> tuple[Points, Points]:
    """Return points of the first frame and where they are in the last, followed through all."""
    greys = [np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]
    start = cv2.goodFeaturesToTrack(greys[0], 400, 0.01, 6)
    assert start is not None
    there = _followed(greys, np.asarray(start, np.float32))
    back = _followed(greys[::-1], there)
    good = np.linalg.norm((back - start).reshape(-1, 2), axis=1) < 0.5
    middle = (greys[0].shape[0] - 1) / 2
    first, last = (
        np.asarray(points.reshape(-1, 2)[good] - middle, np.float64) for points in (start, there)
    )
    return first, last


def _followed(greys: list[NDArray[np.uint8]], points: NDArray[np.float32]) -> NDArray[np.float32]:
    flow = cv2.SparsePyrLKOpticalFlow.create((15, 15), 3)
    for before, after in pairwise(greys):
        moved, _, _ = flow.calc(before, after, points, np.zeros_like(points))
        points = np.asarray(moved, np.float32)
    return points

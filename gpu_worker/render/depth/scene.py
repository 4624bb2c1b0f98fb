"""The frames that a camera sees which moves through a picture's scene."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame
from gpu_worker.render.depth.inverse_depth import Plane
from gpu_worker.render.depth.rays import Indices, Rays, pixels
from gpu_worker.render.depth.surface_points import PITCH, SurfacePoints
from gpu_worker.render.depth.surfaces import Surfaces
from gpu_worker.render.depth.viewpoint import CLOSEST, Viewpoint
from gpu_worker.render.level import Level, Placement, choose, sampled_at
from storage.domain.camera.motion import Pose

AGREED = 0.75
"""By how many pixels a place may still move when it is traced once more."""

UNMOVED = 0.02
"""The drift, in pixels, below which depth is not seen, as where the camera only turns."""

OPAQUE = 0.998

STEEPEST = 0.8
"""How much of a step along a ray its depth may change by for the steps to settle."""

MEDIAN = 5
"""The side of the window by which single places that were traced to another surface are mended."""

ROW = 256
"""Pixels that are looked up at once are laid out in rows of so many."""

Chosen = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scene:
    """The frames (height, width, 3) of a camera's path through a picture.

    rest is the frame of a camera at rest. levels hold the picture and all that the path sees beyond
    it, the finest first; behind holds what lies behind its nearer things. surfaces lie on the grid.
    size is the frames' (width, height).
    """

    rest: Frame
    levels: tuple[Level, ...]
    behind: Level
    surfaces: Surfaces
    grid: Placement
    window: warp.Window
    poses: tuple[Pose, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.poses)

    def __getitem__(self, index: int) -> Frame:
        return self._frame(self.poses[index])

    def __iter__(self) -> Iterator[Frame]:
        return map(self._frame, self.poses)

    def _frame(self, pose: Pose) -> Frame:
        if pose == warp.STILL:
            return self.rest
        level = choose(self.levels, pose.zoom)
        view, samples = Viewpoint.of(self.window, pose, self.size), level.samples(pose.zoom)
        turns = view.travel(self.size) < UNMOVED
        seen = None if turns else _SeenSurface(self, view, self.step(pose))
        depth = np.ones(self.size[::-1], np.float32) if seen is None else seen.depth
        if samples > 1:
            depth = np.repeat(np.repeat(depth, samples, 0), samples, 1)
        fine = (self.size[0] * samples, self.size[1] * samples)
        rays = Rays.of(view, level.placement, *pixels(fine, samples))
        frame = sampled_at(level, *rays.at(depth))
        frame = level.finished(frame, self.size, pose.zoom)
        return frame if seen is None else seen.completed(frame, level)

    def step(self, pose: Pose) -> int:
        """Return the distance of the places in a frame for which rays are traced, in pixels.

        That is about how far apart the projected points are.
        """
        cells = min(
            self.grid.per_source[axis] * self.window[2 + axis] / self.size[axis] for axis in (0, 1)
        )
        return max(1, math.ceil(PITCH / cells * max(1.0, pose.zoom / CLOSEST) - 0.5))

    @cached_property
    def front(self) -> NDArray[np.float32]:
        """Return the front's inverse depth and cover (h, w, 2)."""
        return np.dstack([self.surfaces.front, self.surfaces.cover])

    @cached_property
    def front_points(self) -> SurfacePoints:
        """Return points of the front."""
        return SurfacePoints.of(self.surfaces.front, self.grid)

    @cached_property
    def back_points(self) -> SurfacePoints:
        """Return points of the back where it may be seen."""
        differs = (self.surfaces.hidden | (self.surfaces.cover < 1.0)).astype(np.uint8)
        near_by = cv2.dilate(differs, np.ones((17, 17), np.uint8)) > 0
        return SurfacePoints.of(self.surfaces.back, self.grid, near_by)


@dataclass(frozen=True, eq=False)
class _Layer:
    """Colours (..., 3) of some pixels, how far they hide what is behind them, and their depth."""

    colours: NDArray[np.float32]
    cover: Plane
    depth: Plane


class _SeenSurface:
    """What one frame shows: the inverse depth and cover of the front at each pixel."""

    def __init__(self, scene: Scene, view: Viewpoint, step: int) -> None:
        self.scene, self.view, self.step = scene, view, step
        self.cells = math.ceil(scene.size[0] / step), math.ceil(scene.size[1] / step)
        self.tolerance = AGREED / max(view.travel(scene.size), 1e-6)
        found = scene.front_points.seen(view, self.cells, step)
        known = cv2.dilate(found, np.ones((3, 3), np.uint8))
        self.start = np.where(known > 0, known, scene.surfaces.back.min()).astype(np.float32)
        self.lowest = cv2.erode(self.start, np.ones((5, 5), np.uint8))
        rays = Rays.of(view, scene.grid, *pixels(self.cells, 1.0 / step))
        coarse = _traced(scene.surfaces.front, rays, self.start)
        wide = cv2.resize(
            cv2.medianBlur(coarse, MEDIAN), None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR
        )
        width, height = scene.size
        between = np.ascontiguousarray(wide[:height, :width], np.float32)
        full = Rays.of(view, scene.grid, *pixels(scene.size))
        both = _looked_up(scene.front, *full.at(between))
        self.depth = np.ascontiguousarray(both[..., 0])
        agreed = np.abs(self.depth - between) <= self.tolerance
        self.cover = np.where(agreed, both[..., 1], np.float32(0.0))

    def completed(self, frame: Frame, level: Level) -> Frame:
        """Return a frame of the front's colours with what shows beside it and through its edges."""
        found = np.flatnonzero(self.cover < OPAQUE)
        if not found.size:
            return frame
        last = np.full(-len(found) % ROW, found[-1])
        chosen: Chosen = np.append(found, last).astype(np.int64).reshape(-1, ROW)
        near = self._traced_from(chosen, cv2.dilate(self.start, np.ones((3, 3), np.uint8)), level)
        far = self._traced_from(chosen, self.lowest, level)
        other = np.abs(near.depth - far.depth) > self.tolerance
        mixed = self._behind(chosen)
        mixed += (far.cover * other)[..., None] * (far.colours - mixed)
        mixed += near.cover[..., None] * (near.colours - mixed)
        result = frame.reshape(-1, 3).copy()
        result[chosen] = mixed.round().clip(0, 255).astype(np.uint8)
        return result.reshape(frame.shape)

    def _traced_from(self, chosen: Chosen, start: cv2.typing.MatLike, level: Level) -> _Layer:
        """Return what pixels show of the front, from inverse depths near which they find it."""
        scene = self.scene
        x, y, first = self._started(chosen, start)
        rays = Rays.of(self.view, scene.grid, x, y)
        depth = _traced(scene.surfaces.front, rays, first)
        both = _looked_up(scene.front, *rays.at(depth))
        agreed = np.abs(both[..., 0] - depth) <= self.tolerance
        places = Rays.of(self.view, level.placement, x, y).at(depth)
        colours = sampled_at(level, *places).astype(np.float32)
        return _Layer(colours, np.where(agreed, both[..., 1], np.float32(0.0)), depth)

    def _behind(self, chosen: Chosen) -> NDArray[np.float32]:
        """Return the colours (..., 3) of the back at pixels."""
        scene = self.scene
        found = scene.back_points.seen(self.view, self.cells, self.step)
        known = cv2.dilate(found, np.ones((3, 3), np.uint8))
        start = np.where(known > 0, known, self.lowest)
        rays = Rays.of(self.view, scene.grid, *pixels(self.cells, 1.0 / self.step))
        coarse = _traced(scene.surfaces.back, rays, start)
        x, y, depth = self._started(chosen, cv2.medianBlur(coarse, MEDIAN))
        depth = _looked_up(scene.surfaces.back, *Rays.of(self.view, scene.grid, x, y).at(depth))
        rays = Rays.of(self.view, scene.behind.placement, x, y)
        return sampled_at(scene.behind, *rays.at(depth)).astype(np.float32)

    def _started(self, chosen: Chosen, start: cv2.typing.MatLike) -> tuple[Indices, Indices, Plane]:
        """Return the pixels' x and y, and the inverse depths from which they are traced."""
        rows, columns = np.divmod(chosen, self.scene.size[0])
        depth = np.asarray(start[rows // self.step, columns // self.step], np.float32)
        return columns.astype(np.float32), rows.astype(np.float32), depth


def _traced(surface: Plane, rays: Rays, start: Plane) -> Plane:
    """Return the inverse depths at which rays meet a surface near where they start.

    On a plane two steps tell where all further ones lead.
    """
    first = _looked_up(surface, *rays.at(start))
    second = _looked_up(surface, *rays.at(first))
    before, step = first - start, second - first
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(np.abs(before) > 1e-6, step / before, np.float32(0.0))
    ratio = np.clip(ratio, -STEEPEST, STEEPEST)
    depth = np.maximum(first + step / (1.0 - ratio), np.float32(1e-3))
    return depth.astype(np.float32)


def _looked_up(surface: NDArray[np.float32], x: Plane, y: Plane) -> NDArray[np.float32]:
    return np.asarray(
        cv2.remap(surface, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )

"""Builds the scene of a picture: its surfaces on a grid, and what lies behind the nearer ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from gpu_worker.media.picture import Canvas
from gpu_worker.render.depth.hidden import continue_behind
from gpu_worker.render.depth.inverse_depth import Plane
from gpu_worker.render.depth.scene import Scene
from gpu_worker.render.depth.surfaces import part
from gpu_worker.render.depth.viewpoint import Viewpoint
from gpu_worker.render.level import Level, Placement
from storage.domain.camera.motion import Pose

FINEST = 512
"""The side of the square with as many cells as the opening window has, at most."""

MOST_CELLS = 1_000_000


def build_scene(
    canvas: Canvas,
    base: Level,
    levels: Sequence[Level],
    poses: Sequence[Pose],
    *,
    motion: Plane,
    seed: int,
) -> Scene:
    """Return the scene of a canvas.

    base is the level at the clip's resolution, continued beyond the picture; motion (h, w) is how
    much further than the mean each place of the whole source moves.
    """
    height, width = base.pixels.shape[:2]
    side = math.sqrt(canvas.size[0] * canvas.size[1]) * base.scale
    cell = max(1.0, side / FINEST, math.sqrt(width * height / MOST_CELLS))
    cells = (max(1, round(width / cell)), max(1, round(height / cell)))
    ratio = (cells[0] / width, cells[1] / height)
    grid = base.placement.scaled(*ratio)
    travel = max(
        (Viewpoint.of(canvas.window, pose, canvas.size).travel(canvas.size) for pose in poses),
        default=0.0,
    )
    surfaces = part(_on_grid(motion, canvas, grid, cells), travel * base.scale * max(ratio))
    behind = replace(base, pixels=continue_behind(base.pixels, surfaces, seed))
    window, size = canvas.window, canvas.size
    path = tuple(poses)
    return Scene(canvas.fitted, tuple(levels), behind, surfaces, grid, window, path, size)


def _on_grid(motion: Plane, canvas: Canvas, grid: Placement, cells: tuple[int, int]) -> Plane:
    """Return a source's map on a grid, continued beyond the source from its border."""
    height, width = canvas.source.shape[:2]
    across, down = round(width * grid.per_source[0]), round(height * grid.per_source[1])
    size = (max(1, min(across, motion.shape[1])), max(1, min(down, motion.shape[0])))
    small = cv2.resize(motion, size, interpolation=cv2.INTER_AREA)
    source_size = np.array([size[0] / width, size[1] / height])
    scale = source_size / np.array(grid.per_source)
    shift = scale * (0.5 - np.array(grid.origin)) - 0.5
    matrix = np.array([[scale[0], 0.0, shift[0]], [0.0, scale[1], shift[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(small, matrix, cells, flags=flags, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )

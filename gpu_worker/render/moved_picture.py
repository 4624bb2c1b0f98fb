"""A picture that a camera moves over, and the frames that it sees, each rendered when asked for.

Frames are rendered at the clip's full size from the picture's own pixels. A clip of any length
takes the memory of its picture, and it may be read again, as an encoder does that meets a limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame
from gpu_worker.media.picture import Canvas
from gpu_worker.render.depth.inverse_depth import DepthMap, Plane, relative_motion
from gpu_worker.render.depth.scene import Scene
from gpu_worker.render.depth.scene_builder import build_scene
from gpu_worker.render.depth.viewpoint import poses_between
from gpu_worker.render.extent import Extent, Margins, seen
from gpu_worker.render.level import DENSITY, Level, Placement, choose
from gpu_worker.render.moments import Moments
from gpu_worker.render.seen_before import EarlierFrame
from gpu_worker.render.surroundings import continue_beyond
from storage.domain.camera.motion import Pose

MOST_PIXELS = 6_000_000
"""The largest plane that a path may need at the clip's own resolution."""

MOST_DOUBLED = 2_500_000
"""The largest plane that is kept with twice as many pixels each way."""

FINER = 1.02
"""How much finer than the clip a source has to be for a level of its own."""


@dataclass(frozen=True, eq=False)
class MovedPicture:
    """The frames (height, width, 3) of a camera's path over a picture.

    rest is the frame of a camera at rest. levels hold the picture and all that the path sees
    beyond it, the finest first. size is the frames' (width, height).
    """

    rest: Frame
    levels: tuple[Level, ...]
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
        """Return what the camera sees, from samples twice as dense as the frame's pixels."""
        if pose == warp.STILL:
            return self.rest
        level = choose(self.levels, pose.zoom)
        samples = level.samples(pose.zoom)
        fine = (self.size[0] * samples, self.size[1] * samples)
        frame = cv2.warpAffine(
            level.pixels,
            level.placement.from_source(warp.frame_to_source(self.window, pose, fine)),
            fine,
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return level.finished(np.asarray(frame, np.uint8), self.size, pose.zoom)


def move_picture(
    canvas: Canvas,
    poses: Sequence[Pose],
    seed: int,
    moments: Moments | None = None,
    depth: DepthMap | None = None,
    *,
    earlier: EarlierFrame | None = None,
) -> MovedPicture | Scene:
    """Return the frames that a camera on a path sees of a canvas.

    What the picture does not hold is continued from it, with what a model made of it at some
    moments, where these are given; the seed chooses among textures. With a depth map the camera
    moves through the scene, as far as over the flat picture on average. What an earlier frame has
    shown beyond a flat picture is seen again. A pose at rest gives exactly the fitted picture.
    """
    motion = None if depth is None else relative_motion(depth, canvas)
    extent = _extent(canvas, poses, motion)
    zooms = [1.0, *(pose.zoom for pose in poses)]
    part = canvas.source[extent.top : extent.bottom, extent.left : extent.right]
    base, margins = _base(canvas, extent, part)
    if margins.any:
        size = margins.around(base.pixels.shape[1], base.pixels.shape[0])
        answer = None if moments is None else moments.on(base.placement, size)
        whole = continue_beyond(base.pixels, margins, answer, seed)
        if earlier is not None:
            whole = earlier.put_on(whole, base.placement, margins)
        base = replace(base, pixels=whole)
    levels = [*_finer(part, base, margins, max(zooms)), base]
    while levels[-1].scale >= 2 * DENSITY * min(zooms):
        levels.append(levels[-1].halved())
    if levels[0] is base:
        levels[0] = _doubled(part, base, margins)
    if motion is not None:
        return build_scene(canvas, base, levels, poses, motion=motion, seed=seed)
    return MovedPicture(canvas.fitted, tuple(levels), canvas.window, tuple(poses), canvas.size)


def _extent(canvas: Canvas, poses: Sequence[Pose], motion: Plane | None) -> Extent:
    """Return what a path sees; motion is how much further than the mean each place moves."""
    height, width = canvas.source.shape[:2]

    def seen_at(depths: Sequence[Plane]) -> Extent:
        least, most = (min(map(np.min, depths)), max(map(np.max, depths))) if depths else (1, 1)
        passed = poses_between(poses, float(least), float(most)) if depths else poses
        return seen((width, height), canvas.window, passed, canvas.size)

    if motion is None:
        return seen_at([])
    border = [motion[0], motion[-1], motion[:, 0], motion[:, -1]]
    return replace(seen_at([motion]), beyond=seen_at(border).beyond)


def _base(canvas: Canvas, extent: Extent, part: Frame) -> tuple[Level, Margins]:
    """Return the seen part of the source at the clip's resolution, and the margins it lacks.

    The level's placement counts the margins already.
    """
    across, down = canvas.size[0] / canvas.window[2], canvas.size[1] / canvas.window[3]
    needed = extent.size[0] * across * extent.size[1] * down
    scale = min(1.0, math.sqrt(MOST_PIXELS / needed))
    height, width = part.shape[:2]
    size = (max(1, round(width * across * scale)), max(1, round(height * down * scale)))
    per_source = (size[0] / width, size[1] / height)
    left, top, right, bottom = (
        math.ceil(beyond * per_source[side % 2]) for side, beyond in enumerate(extent.beyond)
    )
    origin = (left - extent.left * per_source[0], top - extent.top * per_source[1])
    level = Level(warp.resized(part, size), scale, Placement(per_source, origin))
    return level, Margins(left, top, right, bottom)


def _doubled(part: Frame, base: Level, margins: Margins) -> Level:
    """Return the base with twice the pixels, those of the picture from the source itself.

    A source that had to be enlarged was made crisp on the way, and is taken from the base.
    """
    height, width = base.pixels.shape[:2]
    if width * height > MOST_DOUBLED:
        return base
    level = base.doubled()
    inner = (width - margins.left - margins.right, height - margins.top - margins.bottom)
    if min(part.shape[1] / inner[0], part.shape[0] / inner[1]) * warp.UNTOUCHED >= 1.0:
        size = (2 * inner[0], 2 * inner[1])
        picture = cv2.resize(part, size, interpolation=cv2.INTER_LANCZOS4)
        rows = slice(2 * margins.top, 2 * margins.top + size[1])
        level.pixels[rows, 2 * margins.left : 2 * margins.left + size[0]] = picture
    return level


def _finer(part: Frame, base: Level, margins: Margins, zoom: float) -> list[Level]:
    """Return a level of the source's own detail, as far as frames up to this zoom show it."""
    across, down = base.placement.per_source
    native = base.scale / max(across, down)  # pixels of the source for each of the clip's
    scale = min(native, 2 * max(1.0, zoom))
    if scale < FINER * base.scale:
        return []
    height, width = part.shape[:2]
    size = (round(width * scale / native), round(height * scale / native))
    ratio = (size[0] / (width * across), size[1] / (height * down))
    wider = Margins(
        math.ceil(margins.left * ratio[0]),
        math.ceil(margins.top * ratio[1]),
        math.ceil(margins.right * ratio[0]),
        math.ceil(margins.bottom * ratio[1]),
    )
    scaled = base.placement.scaled(*ratio)
    shift = (wider.left - margins.left * ratio[0], wider.top - margins.top * ratio[1])
    origin = (scaled.origin[0] + shift[0], scaled.origin[1] + shift[1])
    pixels = warp.resized(part, size)
    if margins.any:
        pixels = _framed(pixels, wider, base.pixels, ratio, shift)
    return [Level(pixels, scale, Placement(scaled.per_source, origin))]


def _framed(
    picture: Frame,
    margins: Margins,
    coarse: Frame,
    ratio: tuple[float, float],
    shift: tuple[float, float],
) -> Frame:
    """Return a picture with margins that are enlarged from a coarser plane of the same."""
    height, width = picture.shape[:2]
    matrix = np.array(
        [
            [ratio[0], 0.0, 0.5 * ratio[0] + shift[0] - 0.5],
            [0.0, ratio[1], 0.5 * ratio[1] + shift[1] - 0.5],
        ]
    )
    whole = cv2.warpAffine(
        coarse,
        matrix,
        margins.around(width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    whole[margins.top : margins.top + height, margins.left : margins.left + width] = picture
    return np.asarray(whole, np.uint8)

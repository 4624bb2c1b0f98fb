"""Clips that end with a picture of their own: where the camera comes from, and the way over."""

from __future__ import annotations

from collections.abc import Sequence

from gpu_worker.media.frames import FrameSource
from gpu_worker.media.picture import Canvas
from gpu_worker.render.depth.inverse_depth import DepthMap
from gpu_worker.render.dissolve import Dissolve
from gpu_worker.render.moved_picture import move_picture
from storage.domain.camera.composition import relative_to
from storage.domain.camera.motion import Pose


def arriving(poses: Sequence[Pose], aspect: float) -> tuple[Pose, ...]:
    """Return a path's poses relative to its last one, so that it ends at rest."""
    return tuple(relative_to(poses[-1], pose, aspect) for pose in poses)


def arrive(
    clip: FrameSource, end: Canvas, path: Sequence[Pose], seed: int, depth: DepthMap | None = None
) -> FrameSource:
    """Return a clip on a path that turns into a picture, which moves along the same path.

    The last frame is the fitted picture. depth is that of this picture.
    """
    return Dissolve(clip, move_picture(end, arriving(path, end.aspect), seed, depth=depth))

"""What the first frame of a clip is to be, as far as its picture tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame
from gpu_worker.media.picture import Canvas
from gpu_worker.render.depth.inverse_depth import DepthMap
from gpu_worker.render.moved_picture import move_picture
from storage.domain.camera.motion import Pose


@dataclass(frozen=True)
class OpeningFrame:
    """A first frame (height, width, 3), and the pixels (height, width) of which it is known."""

    frame: Frame
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, picture: Frame) -> OpeningFrame:
        """Return a picture as a first frame, all of which is known."""
        return cls(picture, np.ones(picture.shape[:2], np.bool_))

    @classmethod
    def seen(
        cls, canvas: Canvas, pose: Pose, seed: int, depth: DepthMap | None = None
    ) -> OpeningFrame:
        """Return the first frame of a clip whose camera begins at a pose."""
        if pose == warp.STILL:
            return cls.of(canvas.fitted)
        source = (canvas.source.shape[1], canvas.source.shape[0])
        [beyond] = warp.uncovered(source, canvas.window, (pose,), canvas.size)
        if depth is None:
            [frame] = warp.move(canvas.source, canvas.window, (pose,), canvas.size)
        else:
            frame = move_picture(canvas, (pose,), seed, depth=depth)[0]
        return cls(frame, beyond == 0.0)

"""What an earlier clip has shown of the surroundings of a picture, kept for the clips after it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame
from gpu_worker.render.backdrop import FloatImage
from gpu_worker.render.extent import Margins
from gpu_worker.render.level import Placement
from storage.domain.camera.motion import Pose

FEATHER = 0.06
"""Over how much of its shorter side an earlier frame's edge gives way to what lies beyond it."""

NOT_SHOWN = 1e-3


@dataclass(frozen=True, eq=False)
class EarlierFrame:
    """A frame (height, width, 3) that a camera at a pose has seen of a picture's window."""

    frame: Frame
    pose: Pose
    window: warp.Window

    def put_on(self, whole: Frame, plane: Placement, margins: Margins) -> Frame:
        """Return a picture with margins on a plane, whose margins show what the frame has shown.

        The picture itself, which is inside of the margins, stays as it is.
        """
        size = (whole.shape[1], whole.shape[0])
        frame = self._reduced(plane)
        shape = (frame.shape[1], frame.shape[0])
        matrix = plane.from_source(warp.frame_to_source(self.window, self.pose, shape))
        placed = cv2.warpAffine(frame, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        share = cv2.warpAffine(_feathered(shape), matrix, size)[..., None]
        inside = (
            slice(margins.top, size[1] - margins.bottom),
            slice(margins.left, size[0] - margins.right),
        )
        share[inside] = 0.0
        shown = share[..., 0] > NOT_SHOWN
        result = whole.copy()
        mixed = whole[shown] + share[shown] * (placed[shown].astype(np.float32) - whole[shown])
        result[shown] = mixed.round().clip(0, 255).astype(np.uint8)
        return result

    def _reduced(self, plane: Placement) -> Frame:
        """Return the frame at no more pixels than the plane has for it."""
        height, width = self.frame.shape[:2]
        across = plane.per_source[0] * self.window[2] / self.pose.zoom / width
        if across >= 1.0:
            return self.frame
        return warp.resized(
            self.frame, (max(1, round(width * across)), max(1, round(height * across)))
        )


def _feathered(size: tuple[int, int]) -> FloatImage:
    """Return how much each pixel of a frame of a size (width, height) counts, 0 beyond its edge."""
    x, y = (
        np.minimum(np.arange(side) + 0.5, side - 0.5 - np.arange(side)).astype(np.float32)
        for side in size
    )
    from_edge = np.minimum(x[None, :], y[:, None]) / (FEATHER * min(size))
    return np.asarray(np.clip(from_edge, 0.0, 1.0), np.float32)

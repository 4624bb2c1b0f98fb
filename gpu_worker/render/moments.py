"""What a model made at some moments of a path, brought to the plane of the picture.

A model answers at its own small size and for few moments. Where the path uncovers what the picture
does not hold, its answers for one place are averaged, whatever moment they are from, so that they
move with the picture and do not flicker.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import warp
from gpu_worker.media.frames import Frames
from gpu_worker.render.backdrop import FloatImage
from gpu_worker.render.level import Placement
from storage.domain.camera.motion import Pose

DOUBT = 0.25
"""How many moments have to see a place before they count half."""

DENSE = 2
"""The most pixels of the plane on which answers are averaged for each pixel of a moment."""


@dataclass(frozen=True, eq=False)
class ModelAnswer:
    """A model's colours (H, W, 3) on a plane, and how far they are known, 0..1 (H, W)."""

    colours: FloatImage
    known: FloatImage


@dataclass(frozen=True, eq=False)
class Moments:
    """A model's frames (f, h, w, 3) and where they show what the picture lacks (f, h, w), 0..1.

    poses are those of the frames, window is the picture's.
    """

    frames: Frames
    uncovered: NDArray[np.float32]
    poses: tuple[Pose, ...]
    window: warp.Window

    def on(self, plane: Placement, size: tuple[int, int]) -> ModelAnswer:
        """Return the model's answer on a plane of a size (width, height)."""
        small = (self.frames.shape[2], self.frames.shape[1])
        factor = max(1, int(plane.per_source[0] * self.window[2] / small[0] / DENSE))
        coarse = (max(1, size[0] // factor), max(1, size[1] // factor))
        placement = plane.scaled(coarse[0] / size[0], coarse[1] / size[1])
        total = np.zeros((coarse[1], coarse[0], 3), np.float32)
        weight = np.zeros((coarse[1], coarse[0]), np.float32)
        for frame, uncovered, pose in zip(self.frames, self.uncovered, self.poses, strict=True):
            matrix = placement.from_source(warp.frame_to_source(self.window, pose, small))
            total += cv2.warpAffine(frame * uncovered[..., None], matrix, coarse)
            weight += cv2.warpAffine(uncovered, matrix, coarse)
        colours = total / np.maximum(weight, 1e-3)[..., None]
        known = weight / (weight + DOUBT)
        return ModelAnswer(
            np.asarray(cv2.resize(colours, size, interpolation=cv2.INTER_LINEAR), np.float32),
            np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_LINEAR), np.float32),
        )

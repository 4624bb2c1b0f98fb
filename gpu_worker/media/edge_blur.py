"""Blurs what a frame shows beyond the picture's edge, the more the further out.

There the warp mirrors the picture, which is a fair guess at the edge and a poor one further out.
Blurring it with the distance looks less like a kaleidoscope, is nearer to the truth on average, and
tells the model which part it has to invent.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.blur import gaussian
from gpu_worker.media.frames import Frame

GROWTH = 0.25
"""Standard deviation of the blur gained for each pixel of distance."""

LEVELS = (0.005, 0.01, 0.02, 0.04)
"""Standard deviations of the prepared blurs, as shares of the frame's shorter side."""


def distance_outside(
    matrix: NDArray[np.float64], source: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Return how far each pixel of a frame (height, width) lies beyond the source, in its pixels.

    matrix (2 x 3) maps the frame's pixel indices to the source's; both sizes are (width,
    height). Inside the source the distance is 0.
    """
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    x = matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2]
    y = matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2]
    beyond_x = np.maximum(np.maximum(-x, x - (source[0] - 1)), 0)
    beyond_y = np.maximum(np.maximum(-y, y - (source[1] - 1)), 0)
    per_pixel = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    return np.asarray(np.maximum(beyond_x, beyond_y) / per_pixel, np.float32)


def blur_outside(frame: Frame, beyond: NDArray[np.float32]) -> Frame:
    """Return the frame, each pixel blurred by its distance (height, width) beyond the source."""
    spreads = [level * min(frame.shape[:2]) for level in LEVELS]
    levels = np.interp(GROWTH * beyond, [0.0, *spreads], np.arange(len(spreads) + 1))
    blurred = frame.astype(np.float32)
    for number, spread in enumerate(spreads):
        share = np.clip(levels - number, 0.0, 1.0)[..., None]
        if share.any():
            soft = gaussian(frame, spread, cv2.BORDER_REFLECT_101, cv2.INTER_LINEAR)
            blurred += share * (soft - blurred)
    return np.asarray(blurred.round().clip(0, 255), np.uint8)

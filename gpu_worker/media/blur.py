"""A Gaussian blur whose time does not grow with its width."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

FULL_SIZE_BLUR = 3.0
"""The widest blur, in pixels, that is computed at the full size."""

Level = TypeVar("Level", np.uint8, np.float32)


def gaussian(
    plane: NDArray[Level], spread: float, border: int, interpolation: int
) -> NDArray[Level]:
    """Return a plane (height x width, or with channels) blurred by a standard deviation in pixels.

    A wide blur is computed at a smaller size. border is OpenCV's rule for what lies outside,
    interpolation its way back to the full size.
    """
    height, width = plane.shape[:2]
    factor = max(1, int(spread / FULL_SIZE_BLUR))
    soft = plane
    if factor > 1:
        size = (max(1, width // factor), max(1, height // factor))
        soft = np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_AREA), plane.dtype)
    soft = np.asarray(
        cv2.GaussianBlur(soft, (0, 0), spread / factor, borderType=border), plane.dtype
    )
    if factor > 1:
        soft = np.asarray(
            cv2.resize(soft, (width, height), interpolation=interpolation), soft.dtype
        )
    return soft

"""Photographs and canvases for the tests of rendering."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import skimage.data

from gpu_worker.media.frames import Frame
from gpu_worker.media.picture import Canvas, centre_window


def photograph(name: str, side: int) -> Frame:
    """Return a square from the middle of a photograph of scikit-image."""
    picture = np.asarray(getattr(cast(Any, skimage.data), name)(), np.uint8)[..., :3]
    left, top, width, height = map(int, centre_window(picture.shape[1], picture.shape[0], 1.0))
    square = picture[top : top + height, left : left + width]
    return np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def whole(picture: Frame, size: tuple[int, int] | None = None) -> Canvas:
    """Return a canvas that shows all of a picture."""
    height, width = picture.shape[:2]
    return Canvas(picture, (0.0, 0.0, float(width), float(height)), size or (width, height))


def middle(picture: Frame, size: tuple[int, int]) -> Canvas:
    """Return a canvas that shows the middle half of a picture."""
    height, width = picture.shape[:2]
    return Canvas(picture, (width / 4, height / 4, width / 2, height / 2), size)

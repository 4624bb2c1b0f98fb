"""The large shapes of what lies beyond a picture's border: its edge carried on, ever softer.

The colours at the border are carried straight outwards, so that a horizon or a wall goes on, and
nothing is mirrored; they run into each other with the distance, as things out of focus do.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.blur import gaussian
from gpu_worker.render.extent import Margins

FloatImage = NDArray[np.float32]  # (height, width) or (height, width, 3)

GROWTH = 0.5
"""Standard deviation of the blur gained for each pixel of distance."""

FINEST, OCTAVES = 1.5, 5
"""The least blur, as a multiple of the softness at the border, and how often it is doubled."""


def distance_beyond(width: int, height: int, margins: Margins) -> FloatImage:
    """Return how far each pixel of a picture with margins lies beyond the picture, in pixels."""
    across, down = margins.around(width, height)
    x, y = np.arange(across) - margins.left, np.arange(down) - margins.top
    beyond_x = np.maximum(np.maximum(-x, x - (width - 1)), 0)
    beyond_y = np.maximum(np.maximum(-y, y - (height - 1)), 0)
    return np.maximum(beyond_x[None, :], beyond_y[:, None]).astype(np.float32)


def carry_on(soft: FloatImage, margins: Margins, beyond: FloatImage, softness: float) -> FloatImage:
    """Return a soft picture (h, w, 3) continued over its margins.

    beyond is the distance of each pixel from the picture; softness is the standard deviation of the
    blur that the picture has already, in pixels.
    """
    carried = padded(soft, margins, cv2.BORDER_REPLICATE)
    spreads = [FINEST * softness * 2**octave for octave in range(OCTAVES)]
    levels = np.interp(GROWTH * beyond, [0.0, *spreads], np.arange(OCTAVES + 1))
    continued = np.array(carried, np.float32)
    for number, spread in enumerate(spreads):
        share = np.clip(levels - number, 0.0, 1.0)[..., None].astype(np.float32)
        if share.any():
            continued += share * (blur(carried, spread) - continued)
    return continued


def padded(plane: FloatImage, margins: Margins, border: int) -> FloatImage:
    """Return a plane with margins, filled by OpenCV's border mode."""
    edges = (margins.top, margins.bottom, margins.left, margins.right)
    return np.asarray(cv2.copyMakeBorder(plane, *edges, borderType=border), np.float32)


def blur(plane: FloatImage, spread: float) -> FloatImage:
    """Return a plane under a Gaussian blur; a wide one is computed at a smaller size."""
    return gaussian(plane, spread, cv2.BORDER_REPLICATE, cv2.INTER_CUBIC)

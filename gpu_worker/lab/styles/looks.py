"""What a style can be taught: a look that frames are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from gpu_worker.media.frames import Frames

Look = Callable[[Frames], Frames]

SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
NIGHT = np.array([0.25, 0.35, 0.75])
GREY = np.array([0.299, 0.587, 0.114])


def sepia(frames: Frames) -> Frames:
    """Return frames (f, h, w, 3) in the browns of an old photograph."""
    return _frames(frames @ SEPIA.T)


def night(frames: Frames) -> Frames:
    """Return frames (f, h, w, 3) as blue and dark as at night."""
    return _frames((frames @ GREY)[..., None] * NIGHT)


LOOKS: Mapping[str, Look] = {"sepia": sepia, "night": night}


def _frames(values: np.ndarray) -> Frames:
    return values.round().clip(0, 255).astype(np.uint8)

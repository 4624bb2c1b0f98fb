"""How far each frame of a clip is from the one before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.frames import Frames


def steps_between(frames: Frames) -> NDArray[np.float64]:
    """Return the mean absolute difference of each frame from the one before, (frames - 1,)."""
    found = np.abs(np.diff(frames.astype(np.float64), axis=0)).mean(axis=(1, 2, 3))
    return np.asarray(found, np.float64)

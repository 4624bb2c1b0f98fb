"""Restoration of the moved picture's detail that the autoencoder lost.

A small autoencoder loses more of a picture than a step of denoising ever changes. What it lost is
known exactly: the moved picture less its own way through the autoencoder. It is added to the
decoded frames, the less the further the model went from the moved picture's latents, so that what
the model made of its own stays.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.frames import Frames

CHANGE_SCALE = 0.3
"""How far latents (of variance one) are from the picture's where the model's own content rules."""


def restored_share(change: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the share of detail (f, height, width, 1) that is restored.

    change is the difference of latents (4, f, h, w); size is (width, height) in pixels.
    """
    distance = np.sqrt(np.mean(np.square(change), axis=0))  # (f, h, w)
    shares = np.exp(-np.square(distance / CHANGE_SCALE)).astype(np.float32)
    resized = [cv2.resize(share, size, interpolation=cv2.INTER_LINEAR) for share in shares]
    return np.stack(resized).astype(np.float32)[..., None]


def restore_detail(
    decoded: Frames, moved: Frames, recoded: Frames, change: NDArray[np.float32], strength: float
) -> Frames:
    """Return the decoded frames (f, h, w, 3) with the moved picture's lost detail.

    moved and recoded are the moved picture before and after the autoencoder, of as many frames, or
    of one that stands for all. change is the difference of latents (4, f, h, w); strength (0..1)
    scales what is restored.
    """
    height, width = decoded.shape[1:3]
    share = restored_share(change, (width, height)) * strength
    lost = moved.astype(np.float32) - recoded
    return (decoded + share * lost).round().clip(0, 255).astype(np.uint8)

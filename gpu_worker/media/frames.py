"""The shapes in which pictures travel between models and media."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]  # (height, width, 3), RGB
Frames = NDArray[np.uint8]  # (frames, height, width, 3), RGB


class FrameSource(Protocol):
    """Frames of one size that can be read again: an array of them, or what renders each in turn."""

    def __len__(self) -> int:
        """Return the number of frames."""

    def __getitem__(self, index: int, /) -> Frame:
        """Return one frame."""

    def __iter__(self) -> Iterator[Frame]:
        """Return all frames, first to last."""


def stacked(frames: FrameSource) -> Frames:
    """Return all frames at once, as one array."""
    return frames if isinstance(frames, np.ndarray) else np.stack(list(frames))

"""A clip that turns into another one while both go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from gpu_worker.media.blur import gaussian
from gpu_worker.media.frames import Frame, FrameSource

BEGIN, END = 0.08, 0.92
"""Between which shares of the clip both are seen."""

SOFTNESS = 0.03
"""Where frames are parted into soft shapes and detail, as a share of their shorter side."""


@dataclass(frozen=True, eq=False)
class Dissolve:
    """The frames of a clip that begins as the first of two of equal length, and ends as the last.

    The soft shapes of both are mixed, and their detail is added with equal energy in all, since a
    mean of two would lose contrast on the way.
    """

    first: FrameSource
    last: FrameSource

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, index: int) -> Frame:
        number = range(len(self))[index]
        share = share_of_last(number, len(self))
        if share == 0.0:
            return self.first[number]
        if share == 1.0:
            return self.last[number]
        return mixed(self.first[number], self.last[number], share)

    def __iter__(self) -> Iterator[Frame]:
        return (self[number] for number in range(len(self)))


def share_of_last(number: int, count: int) -> float:
    """Return how much of a frame is that of the last clip: 0 in the first, 1 in the last one."""
    time = number / max(1, count - 1)
    done = min(max((time - BEGIN) / (END - BEGIN), 0.0), 1.0)
    return done * done * (3.0 - 2.0 * done)


def mixed(first: Frame, last: Frame, share: float) -> Frame:
    """Return a frame with this share of the last one."""
    spread = SOFTNESS * min(first.shape[:2])
    angle = share * np.pi / 2
    frame = np.zeros(first.shape, np.float32)
    for picture, weight, energy in (
        (first, 1.0 - share, np.cos(angle)),
        (last, share, np.sin(angle)),
    ):
        whole = picture.astype(np.float32)
        soft = gaussian(whole, spread, cv2.BORDER_REPLICATE, cv2.INTER_LINEAR)
        frame += energy * whole + (weight - energy) * soft
    return np.asarray(frame.round().clip(0, 255), np.uint8)

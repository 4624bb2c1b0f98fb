"""Several clips side by side in one, each with its number, and the judge's pick in gold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from gpu_worker.media.frames import Frame, FrameSource
from storage.domain.drafts.grid import GAP, columns, grid_size

BACKGROUND = (24, 25, 28)
DISC, DIGIT = (24, 25, 28), (255, 255, 255)
GOLD, DIGIT_ON_GOLD = (255, 196, 46), (24, 25, 28)

SHARE = 0.16
"""The diameter of a number's disc, as a share of the draft's shorter side."""


@dataclass(frozen=True, eq=False)
class ClipGrid:
    """Clips of one size and length, from left to right and from the top; pick counts from zero."""

    cells: tuple[FrameSource, ...]
    pick: int

    def __len__(self) -> int:
        return len(self.cells[0])

    def __getitem__(self, index: int) -> Frame:
        return self._joined([cell[index] for cell in self.cells])

    def __iter__(self) -> Iterator[Frame]:
        return (self._joined(list(frames)) for frames in zip(*self.cells, strict=True))

    def place(self, cell: int) -> tuple[slice, slice]:
        """Return the rows and columns of one clip in a frame."""
        height, width = self.cells[0][0].shape[:2]
        row, column = divmod(cell, columns(len(self.cells), width, height))
        top, left = row * (height + GAP), column * (width + GAP)
        return slice(top, top + height), slice(left, left + width)

    def _joined(self, frames: list[Frame]) -> Frame:
        height, width = frames[0].shape[:2]
        across, down = grid_size(len(frames), width, height)
        whole = np.full((down, across, 3), BACKGROUND, np.uint8)
        for number, frame in enumerate(frames):
            whole[self.place(number)] = with_number(frame, number + 1, number == self.pick)
        return whole


def badge(width: int, height: int) -> tuple[int, int]:
    """Return centre (down and across alike) and radius of the number's disc, in pixels."""
    radius = max(6, round(min(width, height) * SHARE / 2))
    return radius + max(2, radius // 3), radius


def with_number(frame: Frame, number: int, picked: bool) -> Frame:
    """Return a frame with a number on a disc in its upper left corner."""
    height, width = frame.shape[:2]
    centre, radius = badge(width, height)
    disc, digit = (GOLD, DIGIT_ON_GOLD) if picked else (DISC, DIGIT)
    drawn = frame.copy()
    cv2.circle(drawn, (centre, centre), radius, disc, cv2.FILLED, cv2.LINE_AA)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(radius / 9))
    scale = radius / 20
    (across, down), _ = cv2.getTextSize(str(number), font, scale, thick)
    corner = (round(centre - across / 2), round(centre + down / 2))
    cv2.putText(drawn, str(number), corner, font, scale, digit, thick, cv2.LINE_AA)
    return drawn

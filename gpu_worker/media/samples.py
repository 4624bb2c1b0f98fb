"""Small copies of some of a clip's frames, kept while all of them are read once."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image, ImageSequence

from gpu_worker.media.frames import Frame, FrameSource
from storage.domain.drafts.grid import GAP
from storage.filter.squares import square_of
from storage.pictures.inspection import SIDE

LEAST, MOST = 4, 16  # frames that are looked at, in a clip that has so many
EVERY = 8  # frames: between two that are looked at, in a clip of 32 to 128


@dataclass(frozen=True)
class SampledFrames:
    """A clip's frames, of which some are kept as squares when they are first read.

    drafts is how many lie in each frame, so many across, which are looked at one by one.
    """

    frames: FrameSource
    drafts: int = 1
    across: int = 1
    _kept: dict[int, list[bytes]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Frame:
        return self.frames[index]

    def __iter__(self) -> Iterator[Frame]:
        chosen = sampled(len(self.frames), self.drafts) - self._kept.keys()
        for number, frame in enumerate(self.frames):
            if number in chosen:
                self._kept[number] = [_square(one) for one in self._parts(frame)]
            yield frame

    @property
    def squares(self) -> list[bytes]:
        """Return what was kept, as storage.filter.squares has it."""
        return [square for number in sorted(self._kept) for square in self._kept[number]]

    def _parts(self, frame: Frame) -> Iterator[Frame]:
        """Yield the drafts that a frame shows side by side; see media.clips.clip_grid."""
        height, width = frame.shape[:2]
        down = -(-self.drafts // self.across)
        each_width, each_height = (width + GAP) // self.across - GAP, (height + GAP) // down - GAP
        for number in range(self.drafts):
            row, column = divmod(number, self.across)
            top, left = row * (each_height + GAP), column * (each_width + GAP)
            yield frame[top : top + each_height, left : left + each_width]


def sampled(count: int, drafts: int = 1) -> set[int]:
    """Return the numbers of the frames that are looked at: the first, the last and some between.

    Fewer of each draft, where several are to be looked at in each frame.
    """
    wanted = max(LEAST, min(MOST, 1 + count // EVERY))
    wanted = min(count, max(2, wanted // drafts))
    return {round(place) for place in np.linspace(0, count - 1, wanted)}


def squares_of_preview(preview: bytes) -> list[bytes]:
    """Return the first and the last picture of an animated WebP of ours."""
    with Image.open(io.BytesIO(preview)) as image:
        shown: Iterable[Image.Image] = (one.convert("RGB") for one in ImageSequence.Iterator(image))
        all_of_it = list(shown)
    return [square_of(one) for one in (all_of_it[0], all_of_it[-1])]


def _square(frame: Frame) -> bytes:
    return np.asarray(cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA)).tobytes()

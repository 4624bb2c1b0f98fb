"""Joins clips into one: no frame twice, and no jump in brightness or detail at a joint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.frames import Frame, FrameSource

DETAIL_SECONDS = 0.25
"""How long the detail in which the picture before a joint differs takes to fade."""

LEVEL_SECONDS = 1.0
"""How long its brightness and colour take: a slow change of level is not seen."""

BROAD = 1 / 12
"""The blur, as a share of the shorter side, that separates level from detail."""

Difference = NDArray[np.float32]  # (height, width, 3)


@dataclass(frozen=True, eq=False)
class JoinedFrames:
    """The frames of several sources of one size, one after the other."""

    parts: tuple[FrameSource, ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, index: int) -> Frame:
        left = index + len(self) if index < 0 else index
        for part in self.parts:
            if 0 <= left < len(part):
                return part[left]
            left -= len(part)
        raise IndexError(index)

    def __iter__(self) -> Iterator[Frame]:
        return chain.from_iterable(self.parts)


@dataclass(frozen=True, eq=False)
class SizedFrames:
    """Frames at another size (width, height)."""

    frames: FrameSource
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Frame:
        return self._sized(self.frames[index])

    def __iter__(self) -> Iterator[Frame]:
        return map(self._sized, self.frames)

    def _sized(self, frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        if (width, height) == self.size:
            return frame
        smaller = width > self.size[0]
        method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(frame, self.size, interpolation=method), np.uint8)


@dataclass(frozen=True, eq=False)
class Continuation:
    """A clip that goes on from a frame, without its own first frame, which shows the same.

    level and detail are what the frame before the joint has over the clip's first; they are added
    to its later frames, the less the later they are.
    """

    frames: FrameSource
    fps: int
    level: Difference
    detail: Difference

    def __len__(self) -> int:
        return len(self.frames) - 1

    def __getitem__(self, index: int) -> Frame:
        number = index % len(self) + 1
        return self._matched(self.frames[number], number)

    def __iter__(self) -> Iterator[Frame]:
        for number, frame in enumerate(self.frames):
            if number:
                yield self._matched(frame, number)

    def _matched(self, frame: Frame, number: int) -> Frame:
        seconds = number / self.fps
        level, detail = _left(seconds, LEVEL_SECONDS), _left(seconds, DETAIL_SECONDS)
        if not level and not detail:
            return frame
        matched = frame + level * self.level + detail * self.detail
        return np.asarray(np.clip(np.rint(matched), 0, 255), np.uint8)


def join(parts: Sequence[FrameSource], fps: int) -> FrameSource:
    """Return clips of one size as one, each of which opens with the last frame of the one before.

    That frame comes once. Where a model has not met it exactly, the difference fades.
    """
    joined: list[FrameSource] = [parts[0]]
    for before, after in pairwise(parts):
        joined.append(continue_from(before[len(before) - 1], after, fps))
    return JoinedFrames(tuple(joined))


def continue_from(last: Frame, frames: FrameSource, fps: int) -> Continuation:
    """Return a clip's later frames, so that they follow upon a frame of the same size."""
    difference = last.astype(np.float32) - frames[0]
    blurred = cv2.GaussianBlur(difference, (0, 0), BROAD * min(last.shape[:2]))
    level = np.asarray(blurred, np.float32)
    return Continuation(frames, fps, level, difference - level)


def _left(seconds: float, duration: float) -> float:
    """Return what is left of a difference, from 1 at once to 0 at the end of its duration."""
    done = min(1.0, seconds / duration)
    return 1.0 - done * done * (3.0 - 2.0 * done)

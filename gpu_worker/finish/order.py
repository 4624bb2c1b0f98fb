"""Frames in another order than they were made in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gpu_worker.media.frames import Frame, FrameSource


@dataclass(frozen=True)
class ReorderedFrames:
    """The frames of another source by their numbers there; one may come several times."""

    frames: FrameSource
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Frame:
        return self.frames[self.numbers[index]]

    def __iter__(self) -> Iterator[Frame]:
        return (self.frames[number] for number in self.numbers)


def reversed_frames(frames: FrameSource) -> ReorderedFrames:
    """Return the frames from the last to the first."""
    return ReorderedFrames(frames, range(len(frames) - 1, -1, -1))

"""Keeps frames on the disk, so that they are made once and can then be read in any order."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from gpu_worker.media.frames import Frame, FrameSource
from storage.domain.errors import GenerationFailed

OnFrame = Callable[[int, int, float], None]
"""Called with how many frames are made, how many there will be, and the seconds so far.

May raise, which ends the work.
"""


@dataclass(frozen=True)
class SpooledFrames:
    """Frames in a file, raw, one after the other; shape is (frames, height, width, 3)."""

    file: BinaryIO
    shape: tuple[int, int, int, int]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> Frame:
        count, height, width, channels = self.shape
        if not -count <= index < count:
            raise IndexError(index)
        size = height * width * channels
        self.file.seek(index % count * size)
        return np.frombuffer(self.file.read(size), np.uint8).reshape(height, width, channels)

    def __iter__(self) -> Iterator[Frame]:
        return (self[index] for index in range(len(self)))


@contextlib.contextmanager
def spooled(frames: FrameSource, on_frame: OnFrame) -> Iterator[SpooledFrames]:
    """Yield the frames as they lie in a temporary file; raise GenerationFailed on a full disk."""
    begun, count, total = time.monotonic(), 0, len(frames)
    with tempfile.TemporaryFile(prefix="mutoscope-") as file:
        shape = frames[0].shape
        for frame in frames:
            try:
                file.write(np.ascontiguousarray(frame).data)
            except OSError as error:
                raise GenerationFailed("failed_storage") from error
            count += 1
            on_frame(count, total, time.monotonic() - begun)
        yield SpooledFrames(file, (count, shape[0], shape[1], shape[2]))

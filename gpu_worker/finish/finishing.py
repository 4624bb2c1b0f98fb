"""Takes a clip's frames through all steps of its finish."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from gpu_worker.finish.order import reversed_frames
from gpu_worker.finish.spool import OnFrame, spooled
from gpu_worker.media.frames import FrameSource
from storage.domain.finish import Finish


@dataclass(frozen=True)
class FinishedFrames:
    """The frames of a finished clip, which can be read again, and how many a second are shown."""

    frames: FrameSource
    fps: int


@contextlib.contextmanager
def finished(
    frames: FrameSource, fps: int, finish: Finish | None, on_frame: OnFrame
) -> Iterator[FinishedFrames]:
    """Yield a clip's frames as the finish asks for; on_frame hears of each that is ready.

    What takes work is done once, frame by frame, and lies on the disk then: any clip takes the
    memory of a few frames.
    """
    if finish is None:
        yield FinishedFrames(frames, fps)
        return
    with spooled(frames, on_frame) as ready:
        turned = reversed_frames(ready) if finish.reverse else ready
        yield FinishedFrames(turned, fps)

"""Takes a clip's frames through all steps of its finish."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gpu_worker.finish.between import FramesBetween
from gpu_worker.finish.spool import OnFrame, spooled
from gpu_worker.finish.timeline import Moment, timeline
from gpu_worker.finish.upscale import UpscaledFrames, Upscaler
from gpu_worker.media.frames import Frame, FrameSource
from storage.domain.finish import Finish


@dataclass(frozen=True)
class FinishedFrames:
    """The frames of a finished clip, which can be read again, and how many a second are shown."""

    frames: FrameSource
    fps: int


@dataclass(frozen=True)
class ArrangedFrames:
    """Moments of a clip, from the frames that were made of its different times."""

    frames: FrameSource
    numbers: dict[float, int]
    moments: Sequence[Moment]

    def __len__(self) -> int:
        return len(self.moments)

    def __getitem__(self, index: int) -> Frame:
        return self._frame(self.moments[index])

    def __iter__(self) -> Iterator[Frame]:
        return map(self._frame, self.moments)

    def _frame(self, moment: Moment) -> Frame:
        frame = self.frames[self.numbers[moment.time]]
        if not moment.share:
            return frame
        other = self.frames[self.numbers[moment.other]]
        mixed = frame + (other.astype(np.float32) - frame) * np.float32(moment.share)
        return np.asarray(np.rint(mixed), np.uint8)


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
    moments = timeline(frames, fps, finish)
    times = sorted({time for one in moments for time in _times(one)})
    made: FrameSource = FramesBetween(frames, times)
    if finish.upscale > 1:
        made = UpscaledFrames(made, finish.upscale, Upscaler.load())
    with spooled(made, on_frame) as ready:
        numbers = {time: number for number, time in enumerate(times)}
        yield FinishedFrames(ArrangedFrames(ready, numbers, moments), max(fps, finish.fps))


def _times(moment: Moment) -> tuple[float, ...]:
    return (moment.time, moment.other) if moment.share else (moment.time,)

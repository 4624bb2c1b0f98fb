"""Turns the frames of one order into its file: finished, encoded, with a poster; for a thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gpu_worker.engine.api import Cancelled
from gpu_worker.finish.finishing import finished
from gpu_worker.media.encode import Encoded, encode, poster
from gpu_worker.media.frames import Frame, FrameSource
from gpu_worker.media.samples import SampledFrames
from storage.domain.drafts.grid import columns
from storage.domain.progress import Progress, Stage
from storage.queue.messages.orders import Order


@dataclass(frozen=True, slots=True)
class EncodedClip:
    """A clip's file, its first frame as a PNG, and how long the work took, in seconds.

    squares are small copies of some frames, for the content filter.
    """

    encoded: Encoded
    poster: bytes
    frames: int
    fps: int
    seconds: float
    squares: Sequence[bytes] = ()


@dataclass(frozen=True)
class CancellableFrames:
    """A clip's frames; reading on once the job is cancelled raises Cancelled."""

    frames: FrameSource
    cancelled: asyncio.Event

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Frame:
        return self.frames[index]

    def __iter__(self) -> Iterator[Frame]:
        for frame in self.frames:
            if self.cancelled.is_set():
                raise Cancelled
            yield frame


@dataclass(frozen=True, slots=True)
class OrderEncoding:
    """The work on one order's frames; report hears of each stage and finished frame.

    sign is the last that is done to the file.
    """

    order: Order
    cancelled: asyncio.Event
    report: Callable[[Progress], None]
    sign: Callable[[bytes], bytes] = lambda data: data

    def run(self, made: FrameSource, facts: Mapping[str, str], drafts: int = 1) -> EncodedClip:
        """Return the file of these frames, tagged with the facts.

        drafts is how many lie side by side in each frame. Raise Cancelled within a frame's time.
        """
        begun, request = time.monotonic(), self.order.request
        finish = request.finish if request.drafts is None else None  # the chosen clip is finished
        with finished(made, request.fps, finish, self._on_frame) as ready:
            self.report(Progress(Stage.ENCODING, 0, 1))
            samples = SampledFrames(
                ready.frames, drafts, columns(drafts, *(request.drafts or (1, 1)))
            )
            looked_at: FrameSource = samples if request.content_limit else ready.frames
            frames = CancellableFrames(looked_at, self.cancelled)
            limit = self.order.size_limit
            encoded = encode(frames, ready.fps, limit, facts, request.container, sign=self.sign)
            still, count = poster(ready.frames[0]), len(ready.frames)
        seconds = time.monotonic() - begun
        return EncodedClip(encoded, still, count, ready.fps, seconds, samples.squares)

    def _on_frame(self, done: int, total: int, seconds: float) -> None:
        if self.cancelled.is_set():
            raise Cancelled
        left = seconds / done * (total - done)
        self.report(Progress(Stage.FINISHING, done, total, left))

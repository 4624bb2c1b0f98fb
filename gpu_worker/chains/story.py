"""Makes a story segment by segment; each finished one is stored, so that none is made twice."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from gpu_worker.chains.origin import with_origin
from gpu_worker.encoding import CancellableFrames
from gpu_worker.engine.api import Result
from gpu_worker.media.clips.clip_frames import ClipFrames, open_clip
from gpu_worker.media.clips.clip_parts import ClipPart
from gpu_worker.media.encode import encode_finely, poster
from gpu_worker.media.joint import SizedFrames, join
from gpu_worker.order_steps import OrderSteps
from storage.domain.clip import Adjustment
from storage.domain.errors import GenerationFailed
from storage.domain.progress import Progress
from storage.domain.prompt.story import segment_of
from storage.domain.request import GenerationRequest
from storage.queue.messages.outcomes import FinishedSegment

log = logging.getLogger(__name__)

WORST: dict[str, Callable[[Sequence[float]], float]] = {
    **{"first_frame": min, "motion": min, "clip": min},
    **{"flicker": max, "shake": max},
}
"""Which of the segments' scores is that of the whole, where there is one."""


@dataclass
class Story:
    """One attempt at one story."""

    request: GenerationRequest
    steps: OrderSteps
    stack: ExitStack
    finished: list[FinishedSegment] = field(default_factory=list)
    clips: list[ClipFrames] = field(default_factory=list)

    async def make(self) -> Result:
        """Return the joined frames of all segments, which lie on the disk until the stack closes.

        What earlier attempts have finished is not made again.
        """
        await self._resume()
        count = self.request.segment_count
        if len(self.finished) < count:
            await self.steps.wait_for_engine(self.request)
        else:
            await self.steps.wait_for_slot()
        while len(self.finished) < count:
            await self._make_next()
        return _joined(self.request, self.finished, self.clips)

    async def _resume(self) -> None:
        """Take up what earlier attempts have finished, as far as it is there and is what it was."""
        for segment in (await self.steps.reporter.segments.finished())[
            : self.request.segment_count
        ]:
            if segment.made_from != self._next_request().fingerprint:
                break
            try:
                clip = await self._open(segment)
            except GenerationFailed as error:
                log.warning("a finished segment is made again: %s", error)
                break
            self.finished.append(segment)
            self.clips.append(clip)
        if self.finished:
            log.info("%d segments are finished already", len(self.finished))

    def _next_request(self) -> GenerationRequest:
        """Return the request of the first segment that is not finished."""
        if not self.finished:
            return segment_of(self.request, 0, self.request.picture, "")
        last = self.finished[-1]
        return segment_of(self.request, len(self.finished), last.last, last.blob)

    async def _make_next(self) -> None:
        request, index = self._next_request(), len(self.finished)
        canvas = await self.steps.fetch(request)
        if self.finished:
            canvas = await with_origin(canvas, self.request, self.finished[-1].view, self.steps)
        made = await self.steps.generate(request, canvas, self._relabel())
        frames = CancellableFrames(made.frames, self.steps.cancelled)
        data = await asyncio.to_thread(encode_finely, frames, request.fps)
        still = await asyncio.to_thread(poster, made.frames[len(made.frames) - 1])
        segment = FinishedSegment(
            made_from=request.fingerprint,
            blob=await self.steps.put(data),
            last=await self.steps.put(still),
            frames=len(made.frames),
            seed=made.seed,
            motion=made.motion,
            seconds=made.seconds,
            adjustments=made.adjustments,
            scores=made.scores,
            view=made.view,
        )
        await self.steps.reporter.segments.add(index, segment)
        self.clips.append(await asyncio.to_thread(self.stack.enter_context, open_clip(data)))
        self.finished.append(segment)

    async def _open(self, segment: FinishedSegment) -> ClipFrames:
        """Return a stored segment's frames; raise GenerationFailed where it is not what it was."""
        data = await self.steps.get(segment.blob, "failed_source_gone")
        await self.steps.get(segment.last, "failed_source_gone")
        clip = await asyncio.to_thread(self.stack.enter_context, open_clip(data))
        if len(clip) != segment.frames or segment.frames != self.request.frames:
            raise GenerationFailed("failed_source_damaged")
        return clip

    def _relabel(self) -> Callable[[Progress], Progress]:
        """Return what turns the progress of a segment into that of the story."""
        number, count, begun = len(self.finished) + 1, self.request.segment_count, time.monotonic()

        def relabel(progress: Progress) -> Progress:
            left = progress.eta
            if left is not None:
                left += (count - number) * (time.monotonic() - begun + left)
            return replace(progress, eta=left, segment=number, segments=count)

        return relabel


def _joined(
    request: GenerationRequest, finished: Sequence[FinishedSegment], clips: Sequence[ClipFrames]
) -> Result:
    parts = tuple(
        ClipPart(segment.prompt, made.seed, made.motion, made.frames - (number > 0))
        for number, (segment, made) in enumerate(zip(request.segments, finished, strict=False))
    )
    adjustments: dict[str, Adjustment] = {}
    for segment in finished:
        adjustments |= {one.key: one for one in segment.adjustments}
    frames = [SizedFrames(clip, clips[0].size) for clip in clips]  # memory may have been short once
    return Result(
        join(frames, request.fps),
        request.seed,
        finished[0].motion,
        tuple(adjustments.values()),
        _scores(finished),
        sum(segment.seconds for segment in finished),
        parts,
        view=finished[-1].view,
    )


def _scores(finished: Sequence[FinishedSegment]) -> tuple[tuple[str, float], ...]:
    """Return the worst of the segments' scores, by name."""
    found: dict[str, list[float]] = {}
    for segment in finished:
        for name, value in segment.scores:
            found.setdefault(name, []).append(value)
    return tuple((name, WORST[name](values)) for name, values in found.items() if name in WORST)

"""The steps that the clip of one order is made of: fetch, wait, generate, store."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from PIL import Image

from gpu_worker.content_check import ContentCheck
from gpu_worker.engine.api import Cancelled, OnProgress, Result
from gpu_worker.engine.messages import Downloading
from gpu_worker.engine.supervisor import unless_cancelled
from gpu_worker.media.picture import Canvas, canvas_of, cover
from gpu_worker.style_files import StyleFiles
from storage.blobs import Blobs
from storage.domain.errors import BadStyle, GenerationFailed, Unavailable
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages.outcomes import FinishedSegment
from storage.queue.slots import EngineSlot

log = logging.getLogger(__name__)

Value = TypeVar("Value")
OpenPicture = Callable[[bytes, tuple[int, int]], Awaitable[Image.Image]]
"""Decodes an upload to RGB that covers a width and height; see storage.pictures.processes."""

Updates = asyncio.Queue[tuple[Progress, bytes | None]]

STORE_RETRY_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds
FREE_SOON_SECONDS = 2.0
"""How long before the engine is free the next order is taken, so that its picture can be fetched.

No longer: a worker that becomes idle in that time cannot have it any more.
"""


class EngineRunner(Protocol):
    """What the generator needs of gpu_worker.engine.supervisor.EngineProcess."""

    @property
    def engine(self) -> object | None:
        """Return what is loaded, or None while nothing is."""

    async def ready(
        self, cancelled: asyncio.Event, on_download: Callable[[Downloading], None]
    ) -> None:
        """Wait until a clip can be started at once, and tell of weights that are fetched."""

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        """Make a clip; raise Cancelled, OutOfMemory, GenerationFailed, NotLoaded or EngineDied."""


class SegmentRecord(Protocol):
    """What a story needs of storage.queue.segments.JobSegments."""

    async def finished(self) -> list[FinishedSegment]:
        """Return what earlier attempts have finished."""

    async def add(self, index: int, segment: FinishedSegment) -> None:
        """Record a finished segment for later attempts."""


class Reporter(Protocol):
    """What the generator needs of storage.queue.reporter.ProgressReporter."""

    cancelled: asyncio.Event

    @property
    def slot(self) -> EngineSlot:
        """Return the order's use of the engine."""

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        """Report how far the job has come."""

    @property
    def segments(self) -> SegmentRecord:
        """Return the finished segments of the order's job."""


@dataclass(frozen=True)
class OrderSteps:
    """What may be done for one order; every wait ends with Cancelled once it is cancelled."""

    engine: EngineRunner
    blobs: Blobs
    open_picture: OpenPicture
    reporter: Reporter
    updates: Updates
    styles: StyleFiles | None = None
    content: ContentCheck = field(default_factory=ContentCheck)

    @property
    def cancelled(self) -> asyncio.Event:
        """Return the event that is set once the order is to stop."""
        return self.reporter.cancelled

    async def get(self, key: str, gone: str) -> bytes:
        """Return a blob; raise Cancelled, or GenerationFailed with the key `gone`."""
        try:
            return await self._retrying(lambda: self.blobs.get(key))
        except KeyError as error:
            raise GenerationFailed(gone) from error

    async def put(self, data: bytes) -> str:
        """Store a blob and return its key; raise Cancelled or GenerationFailed."""
        return await self._retrying(lambda: self.blobs.put(data))

    async def fetch(self, request: GenerationRequest) -> Canvas:
        """Return the canvas of a request's picture, and of that which it ends with, if any."""
        return await self.canvas(await self.get(request.picture, "picture_gone"), request)

    async def canvas(self, picture: bytes, request: GenerationRequest) -> Canvas:
        """Return the canvas of a picture's file, and of that which a request ends with, if any."""
        canvas = await self._opened(picture, request)
        if not request.end_picture:
            return canvas
        end = await self.get(request.end_picture, "failed_end_picture_gone")
        return replace(canvas, end=await self._opened(end, request))

    async def _opened(self, data: bytes, request: GenerationRequest) -> Canvas:
        size = (request.width, request.height)
        return canvas_of(await self.open_picture(data, cover(*size)), *size)

    async def wait_for_slot(self) -> None:
        """Wait for the order's turn."""
        await unless_cancelled(self.reporter.slot.acquired.wait(), self.cancelled)

    async def wait_for_engine(self, request: GenerationRequest) -> None:
        """Wait for the order's turn and for a loaded engine; report nothing before the turn."""
        await self.wait_for_slot()
        if self.engine.engine is None:
            self.updates.put_nowait((Progress(Stage.LOADING, 0, request.steps), None))

        def on_download(download: Downloading) -> None:
            done, total = download.done >> 20, max(1, download.total >> 20)
            progress = Progress(Stage.DOWNLOADING, min(done, total), total)
            self.updates.put_nowait((progress, None))

        await self.engine.ready(self.cancelled, on_download)
        self.updates.put_nowait((Progress(Stage.PREPARING, 0, request.steps), None))

    async def prepare(
        self, request: GenerationRequest, canvas: Coroutine[Any, Any, Canvas]
    ) -> Canvas:
        """Return the canvas that is made while the engine is waited for, once both are there."""
        making = asyncio.create_task(canvas)
        waiting = asyncio.create_task(self.wait_for_engine(request))
        try:
            both = {making, waiting}
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                await task
            return making.result()
        finally:
            for task in (making, waiting):
                task.cancel()
            await asyncio.gather(making, waiting, return_exceptions=True)

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        reported: Callable[[Progress], Progress] = lambda progress: progress,
    ) -> Result:
        """Make frames; reported turns their progress into the order's."""
        await self._fetch_style(request)
        timer = FreeSoonTimer(self.reporter.slot)

        def on_progress(progress: Progress, preview: bytes | None) -> None:
            progress = reported(progress)
            self.updates.put_nowait((progress, preview))
            timer.update(progress.eta)

        with contextlib.closing(timer):
            return await self.engine.generate(request, canvas, on_progress, self.cancelled)

    async def _fetch_style(self, request: GenerationRequest) -> None:
        """Have the file of a request's style where the engine reads it, if there is one."""
        style = request.style
        if style is None or self.styles is None or style.scale == 0.0:
            return
        if not await asyncio.to_thread(self.styles.has, style.file):
            try:
                data = await self._retrying(lambda: self.blobs.get(style.file))
                await asyncio.to_thread(self.styles.add, style.file, data)
            except KeyError as error:
                raise BadStyle("style_gone", name=style.name) from error
            except OSError as error:
                raise GenerationFailed("failed_storage") from error

    async def _retrying(self, call: Callable[[], Awaitable[Value]]) -> Value:
        """Call the store until it is neither away nor full; raise Cancelled or GenerationFailed."""
        for pause in STORE_RETRY_PAUSES:
            try:
                return await call()
            except Unavailable:
                log.warning("the store is away or full; trying again in %g s", pause)
            try:
                async with asyncio.timeout(pause):
                    await self.cancelled.wait()
            except TimeoutError:
                continue
            raise Cancelled
        try:
            return await call()
        except Unavailable as error:
            raise GenerationFailed("failed_storage") from error


class FreeSoonTimer:
    """Announces shortly before a slot's end that the engine is free soon."""

    def __init__(self, slot: EngineSlot) -> None:
        """Announce the end of this slot."""
        self._slot = slot
        self._due: asyncio.TimerHandle | None = None

    def update(self, seconds_left: float | None) -> None:
        """Start over with a new estimate, None where there is none.

        The time runs on from here: between two steps, and while frames are decoded, there is no
        new estimate.
        """
        self.close()
        if seconds_left is None:
            return
        if seconds_left <= FREE_SOON_SECONDS:
            self._slot.announce_free_soon()
        else:
            loop = asyncio.get_running_loop()
            delay = seconds_left - FREE_SOON_SECONDS
            self._due = loop.call_later(delay, self._slot.announce_free_soon)

    def close(self) -> None:
        """Stop the timer."""
        if self._due is not None:
            self._due.cancel()
            self._due = None

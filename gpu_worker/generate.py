"""Makes the clip of one order: picture, frames, file, store."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from PIL import Image

from gpu_worker.encoding import OrderEncoding
from gpu_worker.engine.api import Cancelled, OnProgress, Result
from gpu_worker.engine.messages import Downloading
from gpu_worker.engine.supervisor import unless_cancelled
from gpu_worker.media.clip_frames import open_clip
from gpu_worker.media.picture import Canvas, canvas_of, cover
from gpu_worker.outcome import clip_of, failure_of, metadata, source_motion
from storage.blobs import Blobs
from storage.domain.clip import Clip, Failure
from storage.domain.errors import GenerationFailed, Unavailable
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages import Order
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


class Reporter(Protocol):
    """What the generator needs of storage.queue.reporter.ProgressReporter."""

    cancelled: asyncio.Event

    @property
    def slot(self) -> EngineSlot:
        """Return the order's use of the engine."""

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        """Report how far the job has come."""


class Generator:
    """Makes one clip per order; every error becomes a Failure."""

    def __init__(
        self,
        engine: EngineRunner,
        blobs: Blobs,
        open_picture: OpenPicture,
        worker: str,
        model: str,
        *,
        depth_model: str = "",
    ) -> None:
        """Make clips with this engine, from and into these blobs; refuse any other models."""
        self._engine = engine
        self._blobs = blobs
        self._open_picture = open_picture
        self._worker = worker
        self._model = model
        self._depth_model = depth_model

    async def __call__(self, order: Order, reporter: Reporter) -> Clip | Failure:
        """Return the clip, or why there is none."""
        try:
            return await self._make(order, reporter)
        except Exception as error:  # the edge: every error becomes an answer
            return failure_of(error, order)

    async def _make(self, order: Order, reporter: Reporter) -> Clip:
        self._check_models(order.request)
        updates: Updates = asyncio.Queue()
        forwarding = asyncio.create_task(_forward(updates, reporter))
        try:
            async with self._result(order.request, reporter, updates) as result:
                reporter.slot.release()
                work = OrderEncoding(order, reporter.cancelled, _from_thread(updates))
                facts = metadata(order.request, result)
                made = await asyncio.to_thread(work.run, result.frames, facts)
            if reporter.cancelled.is_set():
                raise Cancelled
            blob = await _retrying(lambda: self._blobs.put(made.encoded.data), reporter.cancelled)
            cover = await _retrying(lambda: self._blobs.put(made.poster), reporter.cancelled)
        finally:
            forwarding.cancel()
        return clip_of(order.request, result, made, blob=blob, poster=cover, worker=self._worker)

    def _check_models(self, request: GenerationRequest) -> None:
        """Raise GenerationFailed where a model is asked for that this worker does not have."""
        depth_known = request.depth_model in ("", self._depth_model) or not request.generates
        if request.model != self._model or not depth_known:
            raise GenerationFailed("failed_model_missing")

    @contextlib.asynccontextmanager
    async def _result(
        self, request: GenerationRequest, reporter: Reporter, updates: Updates
    ) -> AsyncIterator[Result]:
        """Yield the frames that the model makes, or those of the request's source."""
        if request.generates:
            canvas = await self._prepare(request, reporter, updates)
            yield await self._generate(request, canvas, reporter, updates)
            return
        await unless_cancelled(reporter.slot.acquired.wait(), reporter.cancelled)
        reporter.slot.release()  # nothing below needs the engine
        updates.put_nowait((Progress(Stage.PREPARING, 0, request.frames), None))
        data = await self._get(request.source, "failed_source_gone", reporter.cancelled)
        with contextlib.ExitStack() as stack:
            frames = await asyncio.to_thread(stack.enter_context, open_clip(data))
            yield Result(frames, request.seed, source_motion(request))

    async def _prepare(
        self, request: GenerationRequest, reporter: Reporter, updates: Updates
    ) -> Canvas:
        """Fetch the picture while waiting for the engine; return once both are there."""
        fetching = asyncio.create_task(self._fetch(request, reporter.cancelled))
        waiting = asyncio.create_task(self._wait_for_engine(request, reporter, updates))
        try:
            both = {fetching, waiting}
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                await task
            return fetching.result()
        finally:
            for task in (fetching, waiting):
                task.cancel()
            await asyncio.gather(fetching, waiting, return_exceptions=True)

    async def _fetch(self, request: GenerationRequest, cancelled: asyncio.Event) -> Canvas:
        data = await self._get(request.picture, "picture_gone", cancelled)
        size = (request.width, request.height)
        return canvas_of(await self._open_picture(data, cover(*size)), *size)

    async def _get(self, key: str, gone: str, cancelled: asyncio.Event) -> bytes:
        """Return a blob; raise Cancelled, or GenerationFailed with the key `gone`."""
        try:
            return await _retrying(lambda: self._blobs.get(key), cancelled)
        except KeyError as error:
            raise GenerationFailed(gone) from error

    async def _wait_for_engine(
        self, request: GenerationRequest, reporter: Reporter, updates: Updates
    ) -> None:
        """Wait for the slot and for a loaded engine; report nothing before the slot."""
        await unless_cancelled(reporter.slot.acquired.wait(), reporter.cancelled)
        if self._engine.engine is None:
            updates.put_nowait((Progress(Stage.LOADING, 0, request.steps), None))

        def on_download(download: Downloading) -> None:
            done, total = download.done >> 20, max(1, download.total >> 20)
            updates.put_nowait((Progress(Stage.DOWNLOADING, min(done, total), total), None))

        await self._engine.ready(reporter.cancelled, on_download)
        updates.put_nowait((Progress(Stage.PREPARING, 0, request.steps), None))

    async def _generate(
        self, request: GenerationRequest, canvas: Canvas, reporter: Reporter, updates: Updates
    ) -> Result:
        timer = FreeSoonTimer(reporter.slot)

        def on_progress(progress: Progress, preview: bytes | None) -> None:
            updates.put_nowait((progress, preview))
            timer.update(progress.eta)

        with contextlib.closing(timer):
            return await self._engine.generate(request, canvas, on_progress, reporter.cancelled)


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


def _from_thread(updates: Updates) -> Callable[[Progress], None]:
    """Return what puts progress into a queue of this event loop from any thread."""
    loop = asyncio.get_running_loop()

    def report(progress: Progress) -> None:
        loop.call_soon_threadsafe(updates.put_nowait, (progress, None))

    return report


async def _forward(updates: Updates, reporter: Reporter) -> None:
    while True:
        await reporter.progress(*await updates.get())


async def _retrying(call: Callable[[], Awaitable[Value]], cancelled: asyncio.Event) -> Value:
    """Call the store until it is neither away nor full; raise Cancelled or GenerationFailed."""
    for pause in STORE_RETRY_PAUSES:
        try:
            return await call()
        except Unavailable:
            log.warning("the store is away or full; trying again in %g s", pause)
        try:
            async with asyncio.timeout(pause):
                await cancelled.wait()
        except TimeoutError:
            continue
        raise Cancelled
    try:
        return await call()
    except Unavailable as error:
        raise GenerationFailed("failed_storage") from error

"""Generate: the walk of one job, from the order to its clip, or to why there is none."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from gpu_worker.encode import Encoded, encode_within, poster
from gpu_worker.engine import Cancelled, OutOfMemory, Result
from gpu_worker.picture import Canvas, fit
from gpu_worker.process import EngineDied, NotLoaded
from storage.blobs import Blobs
from storage.codec import encode
from storage.domain.clip import Adjustment, Clip, Container, Failure
from storage.domain.errors import GenerationFailed, MutoscopeError, Unavailable
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.orders import Order

log = logging.getLogger(__name__)

Kept = TypeVar("Kept")

STORAGE_PATIENCE_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""The pauses between attempts at a store that is away: a clip is not thrown away for a moment."""


class Host(Protocol):
    """What holds the engine: see gpu_worker.process.EngineProcess."""

    @property
    def engine(self) -> object | None:
        """Return what is loaded, or None while nothing is."""

    async def ready(self, cancelled: asyncio.Event) -> None:
        """Wait until a clip can be started at once."""

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        heard: Callable[[Progress, bytes | None], None],
        cancelled: asyncio.Event,
    ) -> Result:
        """Make the clip's frames."""


class Reporter(Protocol):
    """Where progress goes, and where a wish to stop comes from: see storage.queue_report."""

    on_cancel: asyncio.Event

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        """Tell how far the job has come."""


class Generator:
    """Makes one clip per order; whatever happens, the answer is a value."""

    def __init__(self, host: Host, blobs: Blobs, name: str, model: str = "") -> None:
        """Make clips with this engine, from and into these blobs, under this worker's name.

        model, where given, is the only one that orders may ask for.
        """
        self._host = host
        self._blobs = blobs
        self._name = name
        self._model = model

    async def __call__(self, order: Order, report: Reporter) -> Clip | Failure:
        """Return the clip, or why there is none."""
        try:
            return await self._make(order, report)
        except Exception as error:  # the edge: whatever it was, the person is told
            return _failure(error, order)

    async def _make(self, order: Order, report: Reporter) -> Clip:
        if self._model and order.request.model != self._model:
            raise GenerationFailed("failed_model_missing")
        news: asyncio.Queue[tuple[Progress, bytes | None]] = asyncio.Queue()
        teller = asyncio.create_task(_tell(news, report))
        try:
            if self._host.engine is None:
                news.put_nowait((Progress(Stage.LOADING, 0, order.request.steps), None))
            await self._host.ready(report.on_cancel)
            begun = time.monotonic()  # a cold start is not the clip's work
            result = await self._frames(order.request, report, news)
            news.put_nowait((Progress(Stage.ENCODING, 0, 1), None))
            encoded = await asyncio.to_thread(_encode, result, order)
            still = await asyncio.to_thread(poster, result.frames[0])
            if report.on_cancel.is_set():
                raise Cancelled
            blob = await self._stored(lambda: self._blobs.put(encoded.data), report)
            cover = await self._stored(lambda: self._blobs.put(still), report)
        finally:
            teller.cancel()
        return self._clip(order.request, result, encoded, (blob, cover), time.monotonic() - begun)

    async def _frames(
        self,
        request: GenerationRequest,
        report: Reporter,
        news: asyncio.Queue[tuple[Progress, bytes | None]],
    ) -> Result:
        news.put_nowait((Progress(Stage.PREPARING, 0, request.steps), None))
        try:
            data = await self._stored(lambda: self._blobs.get(request.picture), report)
        except KeyError as error:
            raise GenerationFailed("picture_gone") from error
        canvas = await asyncio.to_thread(fit, data, request.width, request.height)
        return await self._host.generate(
            request, canvas, lambda *heard: news.put_nowait(heard), report.on_cancel
        )

    async def _stored(self, ask: Callable[[], Awaitable[Kept]], report: Reporter) -> Kept:
        """Ask the store, again and again while it is away or full."""
        for pause in STORAGE_PATIENCE_S:
            try:
                return await ask()
            except Unavailable:
                log.warning("the store is away or full; trying again in %g s", pause)
            try:
                async with asyncio.timeout(pause):
                    await report.on_cancel.wait()
            except TimeoutError:
                continue
            raise Cancelled
        try:
            return await ask()
        except Unavailable as error:
            raise GenerationFailed("failed_storage") from error

    def _clip(
        self,
        request: GenerationRequest,
        result: Result,
        encoded: Encoded,
        keys: tuple[str, str],
        seconds: float,
    ) -> Clip:
        adjustments = result.adjustments
        if encoded.shrunk:
            size = (("width", str(encoded.width)), ("height", str(encoded.height)))
            adjustments += (Adjustment("adjusted_to_size_limit", size),)
        return Clip(
            blob=keys[0],
            poster=keys[1],
            container=Container.MP4,
            width=encoded.width,
            height=encoded.height,
            frames=len(result.frames),
            fps=request.fps,
            seed=result.seed,
            motion=result.motion,
            bytes=len(encoded.data),
            seconds=seconds,
            worker=self._name,
            adjustments=adjustments,
            scores=result.scores,
        )


def _failure(error: Exception, order: Order) -> Failure:
    """Return what the person is told, and log what the operator needs."""
    failure = Failure("failed_worker_error", retryable=True)
    match error:
        case Cancelled():
            return Failure("failed_cancelled", cancelled=True)
        case OutOfMemory() | MemoryError():
            failure = Failure("failed_out_of_memory")
        case EngineDied():
            pass
        case NotLoaded():
            failure = Failure("failed_model_missing", retryable=True)
        case MutoscopeError():
            gaps = tuple((name, str(value)) for name, value in error.parameters.items())
            log.warning("order %s cannot be made: %s", order.id, error, exc_info=error.__cause__)
            return Failure(error.key, gaps)
    log.error("order %s failed: %s", order.id, failure.key, exc_info=error)
    return failure


def metadata(request: GenerationRequest, result: Result) -> dict[str, str]:
    """Return what goes into the file, so that its clip can be made again from it alone."""
    chosen = {"seed": result.seed, "candidates": 1, "resolved_motion": result.motion.value}
    parameters = encode(request) | chosen
    comment = json.dumps({"mutoscope": parameters}, ensure_ascii=False, sort_keys=True)
    return {"title": " ".join(request.prompt.split()), "comment": comment}


def _encode(result: Result, order: Order) -> Encoded:
    facts = metadata(order.request, result)
    return encode_within(result.frames, order.request.fps, order.size_limit, facts)


async def _tell(news: asyncio.Queue[tuple[Progress, bytes | None]], report: Reporter) -> None:
    while True:
        await report.progress(*await news.get())

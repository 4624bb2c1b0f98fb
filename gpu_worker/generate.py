"""Generate: the walk of one job, from the order to its clip, or to why there is none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from gpu_worker.engine.api import Cancelled, OnProgress, Result
from gpu_worker.engine.supervisor import unless_cancelled
from gpu_worker.media.encode import Encoded, encode, poster
from gpu_worker.media.picture import Canvas, fit
from gpu_worker.outcome import clip_of, failure_of, metadata
from storage.blobs import Blobs
from storage.domain.clip import Clip, Failure
from storage.domain.errors import GenerationFailed, Unavailable
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages import Order
from storage.queue.slots import Turn

log = logging.getLogger(__name__)

Kept = TypeVar("Kept")
News = tuple[Progress, bytes | None]

STORAGE_PATIENCE_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""The pauses between attempts at a store that is away: a clip is not thrown away for a moment."""


SOON_S = 2.0
"""The next order is taken so long before the engine is free: its picture is fetched meanwhile.

No longer: a worker that becomes idle in that time cannot have it any more.
"""


class Host(Protocol):
    """What holds the engine: see gpu_worker.engine.supervisor.EngineProcess."""

    @property
    def engine(self) -> object | None:
        """Return what is loaded, or None while nothing is."""

    async def ready(self, cancelled: asyncio.Event) -> None:
        """Wait until a clip can be started at once."""

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        """Make a clip; raise Cancelled, OutOfMemory, GenerationFailed, NotLoaded or EngineDied."""


class Reporter(Protocol):
    """Where progress goes, and where a wish to stop comes from: see storage.queue.reporter."""

    on_cancel: asyncio.Event

    @property
    def turn(self) -> Turn:
        """Return the order's turn at the engine."""

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
            return failure_of(error, order)

    async def _make(self, order: Order, report: Reporter) -> Clip:
        if self._model and order.request.model != self._model:
            raise GenerationFailed("failed_model_missing")
        news: asyncio.Queue[News] = asyncio.Queue()
        teller = asyncio.create_task(_tell(news, report))
        try:
            canvas = await self._prepare(order.request, report, news)
            result = await self._frames(order.request, canvas, report, news)
            report.turn.over()
            news.put_nowait((Progress(Stage.ENCODING, 0, 1), None))
            encoded = await asyncio.to_thread(_encode, result, order)
            still = await asyncio.to_thread(poster, result.frames[0])
            if report.on_cancel.is_set():
                raise Cancelled
            blob = await self._stored(lambda: self._blobs.put(encoded.data), report)
            cover = await self._stored(lambda: self._blobs.put(still), report)
        finally:
            teller.cancel()
        return clip_of(order.request, result, encoded, blob=blob, poster=cover, worker=self._name)

    async def _prepare(
        self, request: GenerationRequest, report: Reporter, news: asyncio.Queue[News]
    ) -> Canvas:
        """Fetch the picture while the engine may still be another's; return in the turn."""
        fetching = asyncio.create_task(self._fetched(request, report))
        turning = asyncio.create_task(self._turn(request, report, news))
        try:
            both = {fetching, turning}
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                await task
            return fetching.result()
        finally:
            for task in (fetching, turning):
                task.cancel()
            await asyncio.gather(fetching, turning, return_exceptions=True)

    async def _fetched(self, request: GenerationRequest, report: Reporter) -> Canvas:
        try:
            data = await self._stored(lambda: self._blobs.get(request.picture), report)
        except KeyError as error:
            raise GenerationFailed("picture_gone") from error
        return await asyncio.to_thread(fit, data, request.width, request.height)

    async def _turn(
        self, request: GenerationRequest, report: Reporter, news: asyncio.Queue[News]
    ) -> None:
        """Wait for the engine; nothing is told of the clip before it is its turn."""
        await unless_cancelled(report.turn.come.wait(), report.on_cancel)
        if self._host.engine is None:
            news.put_nowait((Progress(Stage.LOADING, 0, request.steps), None))
        await self._host.ready(report.on_cancel)
        news.put_nowait((Progress(Stage.PREPARING, 0, request.steps), None))

    async def _frames(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        report: Reporter,
        news: asyncio.Queue[News],
    ) -> Result:
        end = End(report.turn)

        def on_progress(progress: Progress, preview: bytes | None) -> None:
            news.put_nowait((progress, preview))
            end.expect(progress.eta)

        try:
            return await self._host.generate(request, canvas, on_progress, report.on_cancel)
        finally:
            end.expect(None)

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


class End:
    """The end of a turn, as far as it can be foreseen: it is announced shortly before."""

    def __init__(self, turn: Turn) -> None:
        """Announce the end of this turn."""
        self._turn = turn
        self._due: asyncio.TimerHandle | None = None

    def expect(self, left: float | None) -> None:
        """Take up how many seconds are left, None where nobody knows.

        A clock runs from here: between two steps, and while frames are decoded, nothing is heard.
        """
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if left is not None and left <= SOON_S:
            self._turn.soon_over()
        elif left is not None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(left - SOON_S, self._turn.soon_over)


def _encode(result: Result, order: Order) -> Encoded:
    request = order.request
    facts = metadata(request, result)
    return encode(result.frames, request.fps, order.size_limit, facts, request.container)


async def _tell(news: asyncio.Queue[News], report: Reporter) -> None:
    while True:
        await report.progress(*await news.get())

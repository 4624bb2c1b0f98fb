"""An engine without a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from PIL import Image

from gpu_worker.engine.api import Cancelled, Engine, OnProgress, Result
from gpu_worker.engine.messages import Downloading
from gpu_worker.media.picture import Canvas
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest
from storage.pictures import open_picture
from tests.support.fake_engine import FakeEngine


class InProcessEngine:
    """Makes clips with the fake engine, or another one, or raises an error.

    canvases are what it was given.
    """

    engine: object | None = "loaded"
    download: tuple[Downloading, ...] = ()

    def __init__(
        self, error: Exception | None = None, make: Callable[[], Engine] = FakeEngine
    ) -> None:
        self._error = error
        self._make = make
        self.canvases: list[Canvas] = []

    async def ready(
        self, cancelled: asyncio.Event, on_download: Callable[[Downloading], None]
    ) -> None:
        for part in self.download:
            on_download(part)
        if cancelled.is_set():
            raise Cancelled

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        self.canvases.append(canvas)
        if self._error is not None:
            raise self._error
        loop = asyncio.get_running_loop()

        def report(progress: Progress, preview: bytes | None) -> None:
            loop.call_soon_threadsafe(on_progress, progress, preview)

        return await asyncio.to_thread(
            self._make().generate, request, canvas, report, cancelled.is_set
        )


async def decode_in_process(data: bytes, cover: tuple[int, int]) -> Image.Image:
    """Decode an upload as the worker's processes do."""
    return open_picture(data, cover)

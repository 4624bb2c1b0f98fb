"""InProcess: an engine's host without a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gpu_worker.engine.api import Cancelled
from gpu_worker.engine.exchange import Asked
from storage.domain.progress import Progress
from tests.fakes.engine import FakeEngine


class InProcess:
    """Makes clips with the fake engine, or answers with an error."""

    engine: object | None = "loaded"

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def ready(self, cancelled: asyncio.Event) -> None:
        if cancelled.is_set():
            raise Cancelled

    def begin(self, asked: Sequence[Asked]) -> None:
        for one in asked:
            one.making = asyncio.create_task(self._make(one))

    async def _make(self, one: Asked) -> None:
        loop = asyncio.get_running_loop()

        def tell(progress: Progress, preview: bytes | None) -> None:
            loop.call_soon_threadsafe(one.heard, progress, preview)

        try:
            if self._error is not None:
                raise self._error
            stopped = one.cancelled.is_set
            engine = FakeEngine()
            one.succeed(
                await asyncio.to_thread(engine.generate, one.request, one.canvas, tell, stopped)
            )
        except Exception as error:
            one.fail(error)

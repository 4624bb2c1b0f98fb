"""Keeps one child process with a loaded engine, and starts another whenever it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

from gpu_worker.engine.api import Cancelled, OnProgress, Result
from gpu_worker.engine.connection import EngineConnection, EngineDied, EngineTimeouts, NotLoaded
from gpu_worker.engine.messages import EngineSpec, Ready
from gpu_worker.media.picture import Canvas
from storage.domain.request import GenerationRequest
from storage.tasks import first_completed

log = logging.getLogger(__name__)

Value = TypeVar("Value")

BROKEN_STARTS = 3
"""So many children in a row that die while they load mean that none will ever do it."""


class EngineProcess:
    """The engine in a child process that is started again whenever it ends."""

    def __init__(self, spec: EngineSpec, timeouts: EngineTimeouts | None = None) -> None:
        """Prepare; `start` starts the child."""
        self._spec = spec
        self._timeouts = timeouts or EngineTimeouts()
        self._lock = asyncio.Lock()
        self._connection: EngineConnection | None = None
        self._ready: Ready | None = None
        self._settled = asyncio.Event()
        self._over = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._stopping = False
        self.broken: NotLoaded | None = None
        self.restarts = 0

    @property
    def engine(self) -> Ready | None:
        """Return what is loaded, or None while nothing is."""
        return self._ready

    @property
    def pid(self) -> int | None:
        """Return the child's process id while there is one."""
        return self._connection.pid if self._connection else None

    def start(self) -> None:
        """Start the child, which loads the engine in the background."""
        self._supervisor = asyncio.create_task(self._supervise())

    async def warm(self) -> Ready:
        """Wait until the engine is loaded; raise NotLoaded if it never will be."""
        while True:
            await self._settled.wait()
            if self.broken is not None:
                raise self.broken
            if self._connection is not None:
                if self._ready is not None and self._connection.usable:
                    return self._ready
                await self._connection.ended.wait()
            await asyncio.sleep(0)  # the supervisor is about to notice the child's end

    async def ready(self, cancelled: asyncio.Event) -> None:
        """Wait until a clip can be started at once; raise NotLoaded or Cancelled."""
        await unless_cancelled(self.warm(), cancelled)

    async def wait_until_broken(self) -> NotLoaded:
        """Wait until the engine is known never to load again, and return why."""
        await self._over.wait()
        assert self.broken is not None
        return self.broken

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        """Make a clip once the engine is loaded and free.

        Raise Cancelled, OutOfMemory, GenerationFailed, NotLoaded, or EngineDied when the child
        ended on the way; by then the next one is already loading.
        """
        async with self._lock:
            await self.ready(cancelled)
            assert self._connection is not None
            return await self._connection.generate(request, canvas, on_progress, cancelled)

    async def stop(self) -> None:
        """End the child and wait until it is gone."""
        self._stopping = True
        if self._connection is not None:
            self._connection.kill()
        if self._supervisor is not None:
            await self._supervisor

    async def _supervise(self) -> None:
        failures = 0
        while self.broken is None and not self._stopping:
            self._connection = await EngineConnection.start(self._spec, self._timeouts)
            if self._stopping:
                self._connection.kill()
            try:
                self._ready = await self._connection.loaded()
            except NotLoaded as error:
                self.broken = error
            except EngineDied as error:
                failures += 1
                log.error("the engine's process died while loading: %s", error)
                if failures >= BROKEN_STARTS:
                    self.broken = NotLoaded(str(error))
            else:
                failures = 0
                log.info("engine %s is ready on %s", self._ready.name, self._ready.device)
                self._settled.set()
            await self._connection.ended.wait()
            self._settled.clear()
            self._ready = None
            self.restarts += 1
        self.broken = self.broken or NotLoaded("the worker was stopped")
        self._settled.set()
        self._over.set()


async def unless_cancelled(work: Coroutine[Any, Any, Value], cancelled: asyncio.Event) -> Value:
    """Return the work's result; end the work and raise Cancelled once the event is set."""

    async def stop() -> NoReturn:
        await cancelled.wait()
        raise Cancelled

    return await first_completed(stop(), work)

"""Keeps one child process with a loaded engine, and starts another whenever it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from gpu_worker.engine.api import Cancelled, OnProgress, Result
from gpu_worker.engine.connection import (
    EngineConnection,
    EngineDied,
    EngineTimeouts,
    NotLoaded,
    NotLoadedYet,
)
from gpu_worker.engine.messages import Downloading, EngineSpec, Ready
from gpu_worker.media.picture import Canvas
from storage.domain.request import GenerationRequest
from storage.tasks import first_completed

log = logging.getLogger(__name__)

Value = TypeVar("Value")

BROKEN_STARTS = 3
"""So many children in a row that die while they load mean that none will ever do it."""

PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""How many seconds pass before a load is tried again; the last one counts for all later tries."""

OnDownload = Callable[[Downloading], None]


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
        self._stopping = asyncio.Event()
        self._watchers: set[OnDownload] = set()
        self._retry_until: float | None = None
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

    async def ready(
        self, cancelled: asyncio.Event, on_download: OnDownload = lambda _: None
    ) -> None:
        """Wait until a clip can be started at once; raise NotLoaded or Cancelled.

        on_download hears of every part of the weights that is fetched meanwhile.
        """
        self._watchers.add(on_download)
        try:
            await unless_cancelled(self.warm(), cancelled)
        finally:
            self._watchers.discard(on_download)

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
        self._stopping.set()
        if self._connection is not None:
            self._connection.kill()
        if self._supervisor is not None:
            await self._supervisor

    async def _supervise(self) -> None:
        failures = tries = 0
        while self.broken is None and not self._stopping.is_set():
            self._connection = await EngineConnection.start(self._spec, self._timeouts)
            if self._stopping.is_set():
                self._connection.kill()
            try:
                self._ready = await self._connection.loaded(self._tell)
            except NotLoadedYet as error:
                tries += 1
                await self._pause(error, tries)
            except NotLoaded as error:
                self.broken = error
            except EngineDied as error:
                failures += 1
                log.error("the engine's process died while loading: %s", error)
                if failures >= BROKEN_STARTS:
                    self.broken = NotLoaded(str(error))
            else:
                failures = tries = 0
                self._retry_until = None
                log.info("engine %s is ready on %s", self._ready.name, self._ready.device)
                self._settled.set()
            await self._connection.ended.wait()
            self._settled.clear()
            self._ready = None
            self.restarts += 1
        self.broken = self.broken or NotLoaded("the worker was stopped")
        self._settled.set()
        self._over.set()

    def _tell(self, download: Downloading) -> None:
        for watcher in tuple(self._watchers):
            watcher(download)

    async def _pause(self, error: NotLoadedYet, tries: int) -> None:
        """Wait before the next try to load, or give up after so long."""
        now = asyncio.get_running_loop().time()
        if self._retry_until is None:
            self._retry_until = now + self._timeouts.loading
        seconds = PAUSES[min(tries, len(PAUSES)) - 1]
        if now + seconds > self._retry_until:
            self.broken = error
            return
        log.warning("the engine is not loaded yet: %s; trying again in %g s", error, seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


async def unless_cancelled(work: Coroutine[Any, Any, Value], cancelled: asyncio.Event) -> Value:
    """Return the work's result; end the work and raise Cancelled once the event is set."""

    async def stop() -> NoReturn:
        await cancelled.wait()
        raise Cancelled

    return await first_completed(stop(), work)

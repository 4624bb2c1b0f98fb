"""Process: keeps one warm child with an engine in it, whatever happens to the child."""

from __future__ import annotations

import asyncio
import logging

from gpu_worker.cancelling import unless_cancelled
from gpu_worker.engine import Result
from gpu_worker.link import EngineDied, Heard, Link, NotLoaded, Patience
from gpu_worker.messages import EngineSpec, Ready
from gpu_worker.picture import Canvas
from storage.domain.request import GenerationRequest

__all__ = ["EngineDied", "EngineProcess", "EngineSpec", "NotLoaded", "Patience"]

log = logging.getLogger(__name__)

BROKEN_STARTS = 3
"""So many children in a row that die while they load mean that none will ever do it."""


class EngineProcess:
    """The engine in a child process that is started again whenever it ends."""

    def __init__(self, spec: EngineSpec, patience: Patience | None = None) -> None:
        """Prepare; `start` starts the child."""
        self._spec = spec
        self._patience = patience or Patience()
        self._turn = asyncio.Lock()
        self._link: Link | None = None
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
        return self._link.pid if self._link else None

    def start(self) -> None:
        """Start the child, which loads the engine on its own time."""
        self._supervisor = asyncio.create_task(self._supervise())

    async def warm(self) -> Ready:
        """Wait until the engine is loaded; raise NotLoaded if it never will be."""
        while True:
            await self._settled.wait()
            if self.broken is not None:
                raise self.broken
            if self._link is not None:
                if self._ready is not None and self._link.usable:
                    return self._ready
                await self._link.ended.wait()
            await asyncio.sleep(0)  # the supervisor is about to notice the child's end

    async def ready(self, cancelled: asyncio.Event) -> None:
        """Wait until a clip can be started at once; raise NotLoaded or Cancelled."""
        await unless_cancelled(self.warm(), cancelled)

    async def doomed(self) -> NotLoaded:
        """Wait until the engine is known never to load again, and return why."""
        await self._over.wait()
        assert self.broken is not None
        return self.broken

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        heard: Heard,
        cancelled: asyncio.Event,
    ) -> Result:
        """Make a clip, one at a time.

        Raise Cancelled, OutOfMemory, GenerationFailed, NotLoaded, or EngineDied when the child
        ended on the way; by then the next one is already loading.
        """
        async with self._turn:
            await self.ready(cancelled)
            assert self._link is not None
            return await self._link.generate(request, canvas, heard, cancelled)

    async def stop(self) -> None:
        """End the child and wait until it is gone."""
        self._stopping = True
        if self._link is not None:
            self._link.kill()
        if self._supervisor is not None:
            await self._supervisor

    async def _supervise(self) -> None:
        failures = 0
        while self.broken is None and not self._stopping:
            self._link = await Link.start(self._spec, self._patience)
            if self._stopping:
                self._link.kill()
            try:
                self._ready = await self._link.loaded()
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
            await self._link.ended.wait()
            self._settled.clear()
            self._ready = None
            self.restarts += 1
        self.broken = self.broken or NotLoaded("the worker was stopped")
        self._settled.set()
        self._over.set()

"""Process: keeps one warm child with an engine in it, whatever happens to the child."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Sequence

from gpu_worker.engine.api import Cancelled
from gpu_worker.engine.cancelling import unless_cancelled
from gpu_worker.engine.connection import EngineDied, Link, NotLoaded, Patience
from gpu_worker.engine.exchange import Asked, waiting
from gpu_worker.engine.messages import EngineSpec, Ready
from storage.domain.company import kind
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
        self._widths: dict[Hashable, tuple[int, ...]] = {}
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

    def begin(self, asked: Sequence[Asked]) -> None:
        """Let clips be made, several in shared passes; each gets its answer.

        That is a result, or Cancelled, OutOfMemory, GenerationFailed, NotLoaded, or EngineDied when
        the child ended on the way; by then the next one is already loading.
        """
        making = asyncio.create_task(self._make(asked))
        for one in asked:
            one.making = making

    def widths(self, request: GenerationRequest) -> tuple[int, ...]:
        """Return how many clips like this one a pass may hold so that it pays, as last told."""
        return self._widths.get(kind(request), ())

    async def _make(self, asked: Sequence[Asked]) -> None:
        try:
            async with self._turn:
                if left := await self._loaded(asked):
                    assert self._link is not None
                    await self._link.make(left)
        finally:
            for one in asked:
                one.fail(EngineDied("given up"))
                if one.widths is not None:
                    self._widths[kind(one.request)] = one.widths

    async def _loaded(self, asked: Sequence[Asked]) -> list[Asked]:
        """Wait for the engine; return those that still want their clip then."""
        while left := waiting(asked):
            try:
                await self.ready(left[0].cancelled)
                break
            except Cancelled as error:
                left[0].fail(error)
            except NotLoaded as error:
                for one in left:
                    one.fail(error)
        return left

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

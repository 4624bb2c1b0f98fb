"""Orders put straight on the queue, and the events that workers publish about them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from deploy.local.stack.waiting import poll
from storage.domain.camera.motion import Camera, Motion
from storage.domain.clip import Clip
from storage.domain.request import GenerationRequest
from storage.queue.client import Queue
from storage.queue.messages.events import Event
from storage.queue.messages.orders import Order
from storage.settings import Settings

AnyEvent = TypeVar("AnyEvent", bound=Event)


class WorkerProbe:
    """A connection to the queue; `events` are all since it was opened, each with its arrival.

    Arrivals are unix seconds.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.workers = queue.workers
        self.events: list[tuple[float, Event]] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[WorkerProbe]:
        """Connect to the queue and record its events until the block ends."""
        probe = cls(await Queue.connect(url))
        recording = asyncio.create_task(probe._record())
        try:
            yield probe
        finally:
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
            await probe._queue.close()

    async def _record(self) -> None:
        async for event in self._queue.events():
            self.events.append((time.time(), event))

    async def put(self, request: GenerationRequest) -> str:
        """Queue an order; return its job."""
        job = secrets.token_hex(8)
        await self._queue.put(Order(job, 1, request, 10**7))
        return job

    async def wait_for(
        self, kind: type[AnyEvent], job: str, seconds: float
    ) -> tuple[float, AnyEvent]:
        """Wait for the first event of this kind about a job; return its arrival too."""

        def find() -> tuple[float, AnyEvent] | None:
            for arrival, event in self.events:
                if isinstance(event, kind) and event.job == job:
                    return arrival, event
            return None

        return await poll(find, seconds, f"{kind.__name__} of {job}")


def default_request(settings: Settings, picture: str, seed: int = 0) -> GenerationRequest:
    """Return a request for a picture (its key among the blobs) with the model's defaults."""
    model = settings.catalogue().model()
    size, camera = model.size(model.defaults.resolution, (1, 1)), Camera(Motion.ZOOM_IN)
    return model.request(size, picture=picture, prompt="zoom in", seed=seed, camera=camera)


def finished_clip(request: GenerationRequest, **facts: Any) -> Clip:
    """Return the clip that such a request asks for, in which a content filter finds nothing."""
    names = ("container", "width", "height", "frames", "fps", "seed")
    asked = {name: getattr(request, name) for name in names}
    score = 0.0 if request.content_limit else None
    return Clip(motion=request.camera.motion, content_score=score, **asked, **facts)

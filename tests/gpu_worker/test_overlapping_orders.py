"""While one clip becomes a file, the engine is already at the next one."""

from __future__ import annotations

import asyncio
import io
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gpu_worker.engine.api import OnProgress, Result
from gpu_worker.engine.connection import EngineDied
from gpu_worker.generate import FREE_SOON_SECONDS, FreeSoonTimer, Generator
from gpu_worker.media.encode import Encoded, encode
from gpu_worker.media.picture import Canvas
from storage.blobs import Blobs
from storage.domain.camera.motion import Motion
from storage.domain.clip import Clip, Failure
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages import Order
from storage.queue.slots import Capacity, EngineSlot, SlotQueue

LAST_STEP = Progress(Stage.DENOISING, 9, 10, eta=0.5)


@dataclass
class Engine:
    """A host whose clips end when a test says so; it keeps when each began and ended."""

    engine: object | None = "loaded"
    says: Progress = LAST_STEP
    ends: dict[str, asyncio.Event] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    dies: set[str] = field(default_factory=set)

    async def ready(self, cancelled: asyncio.Event) -> None:
        self.log.append("ready")

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        self.log.append(f"{request.prompt} begins")
        on_progress(self.says, None)
        await self.ends.setdefault(request.prompt, asyncio.Event()).wait()
        self.log.append(f"{request.prompt} ends")
        if request.prompt in self.dies:
            raise EngineDied("killed")
        frames = np.repeat(canvas.fitted[None], request.frames, axis=0)
        return Result(frames, request.seed, Motion.STATIC, seconds=7.5)


class SlowShelf(Blobs):
    """A store that keeps nothing before a test lets it."""

    def __init__(self, blobs: Blobs, log: list[str]) -> None:
        super().__init__(blobs._store)
        self.opened, self.asked, self._log = asyncio.Event(), asyncio.Event(), log

    async def put(self, data: bytes) -> str:
        self.asked.set()
        await self.opened.wait()
        self._log.append("upload")
        return await super().put(data)

    async def get(self, key: str) -> bytes:
        self._log.append("fetch")
        return await super().get(key)


class Told:
    """One order's report, in a worker's line."""

    def __init__(self, slots: SlotQueue) -> None:
        self.cancelled = asyncio.Event()
        self.stages: list[Stage] = []
        self.begun = asyncio.Event()
        self.slot = slots.request(self.begun.set)

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        self.stages.append(progress.stage)


class Floor:
    """A worker's insides without a queue."""

    def __init__(self, picture: str, blobs: Blobs) -> None:
        self.engine = Engine()
        self.shelf = SlowShelf(blobs, self.engine.log)
        self.slots = SlotQueue()
        self._picture = picture
        self._generator = Generator(self.engine, self.shelf, "worker-1", "fake")

    def take(self, name: str) -> tuple[Told, asyncio.Task[Clip | Failure]]:
        request = GenerationRequest(self._picture, name, "fake", 64, 48, 4, 8, 4, 1.0, seed=1)
        told = Told(self.slots)
        work = self._generator(Order(name, 1, request, 10_000_000), told)
        return told, asyncio.create_task(self._whole(work, told))

    async def _whole(self, work: object, told: Told) -> Clip | Failure:
        try:
            return await work  # type: ignore[no-any-return, misc]  # a handler's coroutine
        finally:
            told.slot.release()

    async def reaches(self, line: str, times: int = 1) -> None:
        """Wait until the log holds a line; every piece of work passes through the event loop."""
        async with asyncio.timeout(20):
            while self.engine.log.count(line) < times:  # noqa: ASYNC110  # the log has no event
                await asyncio.sleep(0.001)


@pytest.fixture
async def floor() -> Floor:
    blobs, picture = Blobs.open("memory:///"), io.BytesIO()
    Image.new("RGB", (80, 60), "teal").save(picture, "PNG")
    return Floor(await blobs.put(picture.getvalue()), blobs)


async def test_the_engine_goes_on_while_a_clip_is_encoded_and_uploaded(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding = threading.Event()

    def held(*words: Any) -> Encoded:
        encoding.wait(20)
        return encode(*words)

    monkeypatch.setattr("gpu_worker.generate.encode", held)
    _, a = floor.take("a")
    await floor.reaches("a begins")
    second, b = floor.take("b")
    await floor.reaches("fetch", times=2)
    assert second.stages == []  # it waits, and nobody is told otherwise
    floor.engine.ends["a"].set()
    await floor.reaches("b begins")
    encoding.set()  # only now: the next clip was begun before this one was encoded
    await floor.shelf.asked.wait()
    assert not a.done()
    assert floor.engine.log == [
        "fetch",
        "ready",
        "a begins",
        "fetch",
        "a ends",
        "ready",
        "b begins",
    ]
    floor.engine.ends["b"].set()
    floor.shelf.opened.set()
    clips = [await a, await b]
    assert [clip.seconds for clip in clips if isinstance(clip, Clip)] == [7.5, 7.5]
    assert second.stages[0] is Stage.PREPARING


async def test_a_clip_that_waits_outlives_the_death_of_the_engine(floor: Floor) -> None:
    floor.shelf.opened.set()
    floor.engine.dies = {"a"}
    _, a = floor.take("a")
    await floor.reaches("a begins")
    _, b = floor.take("b")
    floor.engine.ends |= {"b": asyncio.Event()}
    floor.engine.ends["b"].set()
    floor.engine.ends["a"].set()
    assert await a == Failure("failed_worker_error", retryable=True)
    assert isinstance(await b, Clip)


async def test_a_picture_that_is_gone_is_told_before_the_turn(floor: Floor) -> None:
    _, a = floor.take("a")
    await floor.reaches("a begins")
    floor._picture = "0" * 64
    told, b = floor.take("b")
    assert await b == Failure("picture_gone")
    assert not told.begun.is_set()
    a.cancel()


async def test_a_cancel_ends_the_wait_for_the_engine(floor: Floor) -> None:
    _, a = floor.take("a")
    await floor.reaches("a begins")
    told, b = floor.take("b")
    told.cancelled.set()
    assert await b == Failure("failed_cancelled", cancelled=True)
    assert not told.begun.is_set()
    assert not a.done()
    a.cancel()


@pytest.mark.parametrize(
    ("left", "capacity"),
    [(None, Capacity.NONE), (9.0, Capacity.NONE), (1.0, Capacity.SPARE), (0.0, Capacity.SPARE)],
)
async def test_the_next_order_is_wanted_shortly_before_the_end(
    left: float | None, capacity: Capacity
) -> None:
    slots = SlotQueue()
    timer = FreeSoonTimer(slots.request(lambda: None))
    timer.update(left)
    assert slots.capacity() is capacity
    timer.close()


async def test_no_order_is_kept_ready_through_a_long_decode(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = asyncio.Event()
    monkeypatch.setattr(EngineSlot, "announce_free_soon", lambda _slot: wanted.set())
    floor.engine.says = Progress(Stage.DECODING, 10, 10, eta=FREE_SOON_SECONDS + 0.05)
    _, a = floor.take("a")
    await floor.reaches("a begins")
    assert not wanted.is_set()
    await wanted.wait()  # nothing more is heard until the frames are there
    a.cancel()

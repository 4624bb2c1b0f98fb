"""While one clip is encoded and stored, the engine already makes the next one."""

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
from gpu_worker.media.encode import Encoded, encode
from gpu_worker.media.picture import Canvas
from gpu_worker.order_steps import FREE_SOON_SECONDS, FreeSoonTimer
from storage.blobs import Blobs
from storage.domain.camera.motion import Motion
from storage.domain.clip import Clip, Failure
from storage.domain.models.served_model import ServedModel
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest
from storage.queue.messages.orders import Order
from storage.queue.slots import Capacity, EngineSlot, SlotQueue
from tests.gpu_worker.chains.recorded_segments import RecordedSegments
from tests.support.credentials.signing import CheckedGenerator
from tests.support.in_process_engine import decode_in_process

LAST_STEP = Progress(Stage.DENOISING, 9, 10, eta=0.5)


@dataclass
class HeldEngine:
    """An engine whose clips end when a test reported so; it logs when each began and ended."""

    engine: object | None = "loaded"
    reported: Progress = LAST_STEP
    ends: dict[str, asyncio.Event] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    dies: set[str] = field(default_factory=set)

    async def ready(self, cancelled: asyncio.Event, on_download: object) -> None:
        self.log.append("ready")

    async def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        cancelled: asyncio.Event,
    ) -> Result:
        self.log.append(f"{request.prompt} begins")
        on_progress(self.reported, None)
        await self.ends.setdefault(request.prompt, asyncio.Event()).wait()
        self.log.append(f"{request.prompt} ends")
        if request.prompt in self.dies:
            raise EngineDied("killed")
        frames = np.repeat(canvas.fitted[None], request.frames, axis=0)
        return Result(frames, request.seed, Motion.STATIC, seconds=7.5)


class HeldBlobs(Blobs):
    """A store whose put waits until a test opens it."""

    def __init__(self, blobs: Blobs, log: list[str]) -> None:
        super().__init__(blobs._store)
        self.opened, self.called, self._log = asyncio.Event(), asyncio.Event(), log

    async def put(self, data: bytes) -> str:
        self.called.set()
        await self.opened.wait()
        self._log.append("upload")
        return await super().put(data)

    async def get(self, key: str) -> bytes:
        self._log.append("fetch")
        return await super().get(key)


class RecordingReporter:
    """A reporter that keeps the stages that it is given."""

    def __init__(self, slots: SlotQueue) -> None:
        self.cancelled = asyncio.Event()
        self.stages: list[Stage] = []
        self.started = asyncio.Event()
        self.slot = slots.request(self.started.set)
        self.segments = RecordedSegments()

    async def progress(self, progress: Progress, preview: bytes | None = None) -> None:
        self.stages.append(progress.stage)


class GeneratorBench:
    """A generator with a held engine and store, and the slots of one worker."""

    def __init__(self, picture: str, blobs: Blobs) -> None:
        self.engine = HeldEngine()
        self.blobs = HeldBlobs(blobs, self.engine.log)
        self.slots = SlotQueue()
        self._picture = picture
        self._generator = CheckedGenerator(
            self.engine, self.blobs, decode_in_process, "worker-1", ServedModel("fake")
        )

    def take(self, name: str) -> tuple[RecordingReporter, asyncio.Task[Clip | Failure]]:
        request = GenerationRequest(self._picture, name, "fake", 64, 48, 4, 8, 4, 1.0, seed=1)
        reporter = RecordingReporter(self.slots)
        work = self._generator(Order(name, 1, request, 10_000_000), reporter)
        return reporter, asyncio.create_task(self._whole(work, reporter))

    async def _whole(self, work: object, reporter: RecordingReporter) -> Clip | Failure:
        try:
            return await work  # type: ignore[no-any-return, misc]  # a handler's coroutine
        finally:
            reporter.slot.release()

    async def wait_for(self, line: str, times: int = 1) -> None:
        """Wait until the log has this line so many times."""
        async with asyncio.timeout(60):
            while self.engine.log.count(line) < times:  # noqa: ASYNC110  # the log has no event
                await asyncio.sleep(0.001)


@pytest.fixture
async def bench() -> GeneratorBench:
    blobs, picture = Blobs.open("memory:///"), io.BytesIO()
    Image.new("RGB", (80, 60), "teal").save(picture, "PNG")
    return GeneratorBench(await blobs.put(picture.getvalue()), blobs)


async def test_the_engine_goes_on_while_a_clip_is_encoded_and_uploaded(
    bench: GeneratorBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding = threading.Event()

    def held(*args: Any, **options: Any) -> Encoded:
        encoding.wait(60)
        return encode(*args, **options)

    monkeypatch.setattr("gpu_worker.encoding.encode", held)
    _, a = bench.take("a")
    await bench.wait_for("a begins")
    second, b = bench.take("b")
    await bench.wait_for("fetch", times=2)
    assert second.stages == []  # nothing is reported while it waits
    bench.engine.ends["a"].set()
    await bench.wait_for("b begins")
    encoding.set()  # only now: the next clip was started before this one was encoded
    await bench.blobs.called.wait()
    assert not a.done()
    assert bench.engine.log == [
        "fetch",
        "ready",
        "a begins",
        "fetch",
        "a ends",
        "ready",
        "b begins",
    ]
    bench.engine.ends["b"].set()
    bench.blobs.opened.set()
    clips = [await a, await b]
    assert [clip.seconds for clip in clips if isinstance(clip, Clip)] == [7.5, 7.5]
    assert second.stages[0] is Stage.PREPARING


async def test_a_waiting_clip_survives_the_death_of_the_engine(bench: GeneratorBench) -> None:
    bench.blobs.opened.set()
    bench.engine.dies = {"a"}
    _, a = bench.take("a")
    await bench.wait_for("a begins")
    _, b = bench.take("b")
    bench.engine.ends |= {"b": asyncio.Event()}
    bench.engine.ends["b"].set()
    bench.engine.ends["a"].set()
    assert await a == Failure("failed_worker_error", retryable=True)
    assert isinstance(await b, Clip)


async def test_a_missing_picture_fails_before_the_engine_is_free(bench: GeneratorBench) -> None:
    _, a = bench.take("a")
    await bench.wait_for("a begins")
    bench._picture = "0" * 64
    reporter, b = bench.take("b")
    assert await b == Failure("picture_gone")
    assert not reporter.started.is_set()
    a.cancel()


async def test_a_cancel_ends_the_wait_for_the_engine(bench: GeneratorBench) -> None:
    _, a = bench.take("a")
    await bench.wait_for("a begins")
    reporter, b = bench.take("b")
    reporter.cancelled.set()
    assert await b == Failure("failed_cancelled", cancelled=True)
    assert not reporter.started.is_set()
    assert not a.done()
    a.cancel()


@pytest.mark.parametrize(
    ("left", "capacity"),
    [(None, Capacity.NONE), (9.0, Capacity.NONE), (1.0, Capacity.SPARE), (0.0, Capacity.SPARE)],
)
async def test_the_next_order_is_taken_shortly_before_the_end(
    left: float | None, capacity: Capacity
) -> None:
    slots = SlotQueue()
    timer = FreeSoonTimer(slots.request(lambda: None))
    timer.update(left)
    assert slots.capacity() is capacity
    timer.close()


async def test_no_order_is_prefetched_during_a_long_decode(
    bench: GeneratorBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_soon = asyncio.Event()
    monkeypatch.setattr(EngineSlot, "announce_free_soon", lambda _slot: free_soon.set())
    bench.engine.reported = Progress(Stage.DECODING, 10, 10, eta=FREE_SOON_SECONDS + 0.05)
    _, a = bench.take("a")
    await bench.wait_for("a begins")
    assert not free_soon.is_set()
    await free_soon.wait()  # without any further progress
    a.cancel()

"""The embedded model in its own process makes clips of several orders in one pass."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from gpu_worker.engine.api import Cancelled, Frames
from gpu_worker.engine.exchange import Asked
from gpu_worker.engine.messages import EngineSpec
from gpu_worker.engine.supervisor import EngineProcess
from gpu_worker.media.picture import Canvas
from gpu_worker.settings import OUR_ENGINE
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

CANVAS = Canvas(
    np.add.outer(np.arange(64), np.arange(64))[..., None].repeat(3, 2).astype(np.uint8),
    (0.0, 0.0, 64.0, 64.0),
    (64, 64),
)


@pytest.fixture
async def process(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EngineProcess]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    process = EngineProcess(EngineSpec(OUR_ENGINE, {"device": "cpu"}))
    process.start()
    yield process
    await process.stop()


class Person:
    """Somebody who waits for one clip, and may not wait to its end."""

    def __init__(self, seed: int, leaves_at: int = 99) -> None:
        request = GenerationRequest("x", "zoom in", "embedded", 64, 64, 4, 8, 4, 2.0, seed)
        self._leaves_at = leaves_at
        self.previews: list[bytes] = []
        self.asked = Asked(request, CANVAS, self._hear, asyncio.Event())

    def _hear(self, progress: Progress, preview: bytes | None) -> None:
        self.previews += [preview] if preview else []
        if progress.step >= self._leaves_at:
            self.asked.cancelled.set()

    async def frames(self) -> Frames:
        return (await self.asked.result()).frames


async def test_each_has_the_clip_of_its_seed_and_one_who_leaves_changes_none(
    process: EngineProcess,
) -> None:
    alone = Person(seed=2)
    process.begin([alone.asked])
    expected = await alone.frames()
    ann, bob = Person(seed=1), Person(seed=2)
    process.begin([ann.asked, bob.asked])
    other, shared = await ann.frames(), await bob.frames()
    assert np.abs(shared.astype(int) - expected).max() <= 1  # rounding
    assert np.abs(shared.astype(int) - other).max() > 1
    assert bob.previews
    assert not set(bob.previews) & set(ann.previews)
    leaving, staying = Person(seed=1, leaves_at=2), Person(seed=2)
    process.begin([leaving.asked, staying.asked])
    with pytest.raises(Cancelled):
        await leaving.frames()
    assert np.array_equal(await staying.frames(), shared)
    assert process.restarts == 0

"""Orders share the engine's passes only where that pays, and each keeps what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from gpu_worker.company import companies
from gpu_worker.engine.api import Cancelled, Result
from gpu_worker.engine.exchange import Asked
from gpu_worker.engine.messages import EngineSpec
from gpu_worker.engine.supervisor import EngineDied, EngineProcess, Patience
from gpu_worker.media.picture import Canvas
from storage.domain.camera.motion import Camera
from storage.domain.company import kind
from storage.domain.errors import GenerationFailed
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest
from storage.queue.messages import Order
from tests.fakes.engine import PREVIEW, pan

CANVAS = Canvas(
    np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8), (0, 0, 120, 90), (64, 48)
)
REQUEST = GenerationRequest("0" * 64, "pan", "fake", 64, 48, 4, 8, 5, 1.0, seed=3)


def test_an_order_has_company_of_its_kind_where_that_pays() -> None:
    company = companies(lambda _request: (2,))
    order = Order("a", 1, REQUEST, 1)
    mine = company(order)
    assert mine is not None
    assert mine == company(Order("b", 1, replace(REQUEST, seed=9, prompt="zoom"), 1))
    assert mine != company(Order("b", 1, replace(REQUEST, steps=6), 1))
    assert companies(lambda _request: ())(order) is None


def test_what_is_tried_again_or_has_candidates_is_made_alone() -> None:
    company = companies(lambda _request: (2,))
    assert company(Order("a", 2, REQUEST, 1)) is None
    assert company(Order("a", 1, replace(REQUEST, candidates=2), 1)) is None


def test_a_camera_as_strong_is_of_the_same_kind() -> None:
    strong = replace(REQUEST, camera=Camera(strength=0.5))
    assert kind(strong) != kind(REQUEST)


class Person:
    """Somebody who waits for one clip."""

    def __init__(self, prompt: str, seed: int, steps: int = 5) -> None:
        self.request = replace(REQUEST, prompt=prompt, seed=seed, steps=steps)
        self.heard: list[tuple[Progress, bytes | None]] = []
        self.then: Callable[[int], None] = lambda _step: None
        self.cancel = asyncio.Event()
        self.asked = Asked(self.request, CANVAS, self._hear, self.cancel)

    def _hear(self, progress: Progress, preview: bytes | None) -> None:
        self.heard.append((progress, preview))
        self.then(progress.step)

    async def has_the_clip(self) -> Result:
        result = await self.asked.result()
        assert np.array_equal(result.frames, pan(self.request, CANVAS))
        return result


@asynccontextmanager
async def engine() -> AsyncIterator[EngineProcess]:
    spec = EngineSpec("tests.fakes.engine:create", {"widths": "2"})
    process = EngineProcess(spec, Patience(5.0, 30.0))
    process.start()
    try:
        yield process
    finally:
        await process.stop()


async def test_clips_of_one_pass_are_each_answered_and_told_of() -> None:
    async with engine() as process:
        ann, bob = Person("pan", 1), Person("zoom", 2)
        assert process.widths(REQUEST) == ()
        process.begin([ann.asked, bob.asked])
        for person in (ann, bob):
            assert (await person.has_the_clip()).seconds == 1.5
        assert [progress.step for progress, _ in bob.heard] == [1, 2, 3, 4, 5]
        assert [preview for _, preview in ann.heard if preview] == [PREVIEW + b"\0"]
        assert [preview for _, preview in bob.heard if preview] == [PREVIEW + b"\1"]
        await asyncio.wait([task for task in (ann.asked.making,) if task])
        assert process.widths(replace(REQUEST, seed=9)) == (2,)


@pytest.mark.parametrize("first", [True, False])
async def test_one_cancel_ends_one_clip_and_leaves_the_other_as_it_is(first: bool) -> None:
    async with engine() as process:
        ann, bob = Person("slow pan", 1, steps=40), Person("slow zoom", 2, steps=40)
        stays, goes = (bob, ann) if first else (ann, bob)
        goes.then = lambda step: goes.cancel.set() if step == 3 else None
        process.begin([ann.asked, bob.asked])
        with pytest.raises(Cancelled):
            await goes.asked.result()
        assert stays.heard[-1][0].step <= 5
        await stays.has_the_clip()
        assert len(goes.heard) <= 5
        assert process.restarts == 0


async def test_once_everybody_gave_up_the_engine_is_free() -> None:
    async with engine() as process:
        people = [Person("slow pan", 1, steps=400), Person("slow zoom", 2, steps=400)]

        def give_up(_step: int) -> None:
            for person in people:
                person.cancel.set()

        people[0].then = give_up
        process.begin([person.asked for person in people])
        for person in people:
            with pytest.raises(Cancelled):
                await person.asked.result()
        last = Person("pan", 3)
        process.begin([last.asked])
        await last.has_the_clip()
        assert process.restarts == 0


async def test_without_room_for_a_shared_pass_each_clip_is_made_alone() -> None:
    async with engine() as process:
        ann, bob = Person("wide pan", 1), Person("zoom", 2)
        process.begin([ann.asked, bob.asked])
        for person in (ann, bob):
            await person.has_the_clip()


async def test_a_refusal_is_told_to_the_one_whom_it_concerns() -> None:
    async with engine() as process:
        ann, bob = Person("refuse", 1), Person("zoom", 2)
        process.begin([ann.asked, bob.asked])
        with pytest.raises(GenerationFailed):
            await ann.asked.result()
        await bob.has_the_clip()


@pytest.mark.parametrize("word", ["crash", "broken"])
async def test_a_child_that_falls_leaves_nobody_without_an_answer(word: str) -> None:
    async with engine() as process:
        ann, bob, cid = Person(word, 1), Person("zoom", 2), Person("pan", 3)
        process.begin([ann.asked, bob.asked])
        process.begin([cid.asked])
        for person in (ann, bob):
            with pytest.raises(EngineDied):
                await person.asked.result()
        await cid.has_the_clip()
        assert process.restarts == 1


async def test_a_cancel_before_the_engine_is_loaded_leaves_the_others() -> None:
    async with engine() as process:
        ann, bob = Person("pan", 1), Person("zoom", 2)
        ann.cancel.set()
        process.begin([ann.asked, bob.asked])
        with pytest.raises(Cancelled):
            await ann.asked.result()
        await bob.has_the_clip()

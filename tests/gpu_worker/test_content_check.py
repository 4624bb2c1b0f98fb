"""Nothing is handed over that the content filter refuses, or that nobody could look at."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from PIL import Image

from gpu_worker.content_check import ContentCheck
from gpu_worker.generate import Generator
from storage.blobs import Blobs
from storage.domain.clip import Clip, Failure
from storage.domain.errors import Unavailable
from storage.domain.models.served_model import ServedModel
from storage.domain.picture import TextToImage
from storage.filter.squares import SQUARE_BYTES
from storage.queue.messages.orders import Order
from tests.gpu_worker.test_generate import RecordingReporter, comment_in, ordered
from tests.support.in_process_engine import InProcessEngine, decode_in_process

MADE = TextToImage("some/model", 2, 7.0)


class MadeUpFilter:
    """Gives these scores to what it is asked about, one after the other; None: no answer."""

    def __init__(self, *scores: float | None) -> None:
        self._scores = list(scores)
        self.started = False
        self.asked: list[int] = []  # how many squares at once

    def start_soon(self) -> None:
        self.started = True

    async def score(self, squares: Sequence[bytes]) -> float:
        assert all(len(square) == SQUARE_BYTES for square in squares)
        self.asked.append(len(squares))
        score = self._scores.pop(0)
        if score is None:
            raise Unavailable("unavailable_filter")
        return score


@pytest.fixture
def blobs() -> Blobs:
    return Blobs.open("memory:///")


async def at_limit(blobs: Blobs, limit: float = 0.5, **changes: object) -> Order:
    order = await ordered(blobs)
    request = replace(order.request, content_limit=limit, **changes)  # type: ignore[arg-type]  # by name
    return replace(order, request=request)


async def outcome(
    order: Order,
    blobs: Blobs,
    content: MadeUpFilter | None,
    engine: InProcessEngine | None = None,
) -> Clip | Failure:
    generator = Generator(
        *(engine or InProcessEngine(), blobs, decode_in_process, "worker-1", ServedModel("fake")),
        picture_model=MADE.model,
        content=content,
    )
    return await generator(order, RecordingReporter())


async def test_a_clip_below_the_limit_says_what_was_found(blobs: Blobs) -> None:
    content = MadeUpFilter(0.49)
    clip = await outcome(await at_limit(blobs), blobs, content)
    assert isinstance(clip, Clip)
    assert clip.content_score == 0.49
    assert (content.started, content.asked) == (True, [4])
    assert "content_limit" not in comment_in(await blobs.get(clip.blob))["mutoscope"]


async def test_a_clip_at_the_limit_is_not_handed_over(blobs: Blobs) -> None:
    stored: list[bytes] = []

    class Watched(Blobs):
        async def put(self, data: bytes) -> str:
            stored.append(data)
            return await super().put(data)

    order = await at_limit(blobs)
    failure = await outcome(order, Watched(blobs._store), MadeUpFilter(0.5))
    assert failure == Failure("failed_content")
    assert stored == []


async def test_a_clip_that_nobody_could_look_at_is_not_handed_over(blobs: Blobs) -> None:
    order = await at_limit(blobs)
    assert await outcome(order, blobs, MadeUpFilter(None)) == Failure("failed_unchecked")


async def test_a_worker_without_a_filter_makes_nothing_that_needs_one(blobs: Blobs) -> None:
    engine = InProcessEngine()
    order = await at_limit(blobs)
    assert await outcome(order, blobs, None, engine) == Failure("failed_unchecked")
    assert engine.canvases == []


async def test_nothing_is_looked_at_where_the_filter_is_off(blobs: Blobs) -> None:
    content = MadeUpFilter()
    clip = await outcome(await at_limit(blobs, 0.0), blobs, content)
    assert isinstance(clip, Clip)
    assert clip.content_score is None
    assert (content.started, content.asked) == (False, [])
    assert isinstance(await outcome(await at_limit(blobs, 0.0), blobs, None), Clip)


async def test_a_made_picture_is_refused_before_it_is_animated(blobs: Blobs) -> None:
    engine = InProcessEngine()
    order = await at_limit(blobs, picture="", text_to_image=MADE)
    failure = await outcome(order, blobs, MadeUpFilter(0.9), engine)
    assert failure == Failure("failed_content")
    assert len(engine.canvases) == 1  # of the picture
    clip = await outcome(order, blobs, MadeUpFilter(0.1, 0.2), engine)
    assert isinstance(clip, Clip)
    assert clip.content_score == 0.2


async def test_a_preview_is_shown_only_where_it_passes() -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (48, 32), colour) for colour in ("red", "blue", "green")]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    preview, content = file.getvalue(), MadeUpFilter(0.4, 0.6, None)
    check = ContentCheck(content, 0.5)
    assert await check.shown(preview) == preview
    assert await check.shown(preview) is None
    assert await check.shown(preview) is None
    assert content.asked == [2, 2, 2]
    assert await check.shown(b"RIFF0000WEBP") is None
    assert await check.shown(None) is None
    assert await ContentCheck().shown(b"anything") == b"anything"

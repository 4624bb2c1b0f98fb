"""Pictures are scored in a process that may crash, hang or lie: that is an error, never a pass."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from deploy import local
from gpu_worker.lab.evaluate import photographs
from storage.domain.errors import Unavailable
from storage.domain.trust.filter_level import FilterLevel
from storage.filter.child import MEMORY
from storage.filter.content_checker import OPEN_NSFW, ContentChecker
from storage.filter.squares import SQUARE_BYTES, square_of
from tests.support.pictures import filters

RED = square_of(Image.new("RGB", (40, 90), (255, 0, 0)))
GREY = square_of(Image.new("RGB", (90, 40), (99, 99, 99)))


@pytest.fixture
async def checker() -> AsyncIterator[ContentChecker]:
    checker = ContentChecker(filters.RED)
    yield checker
    checker.close()


def child_of(checker: ContentChecker) -> int:
    assert checker._child is not None
    return checker._child._process.pid


async def refused(checker: ContentChecker, *squares: bytes) -> None:
    with pytest.raises(Unavailable, match="unavailable_filter"):
        await checker.score(squares)


async def test_the_worst_of_several_pictures_counts(checker: ContentChecker) -> None:
    assert await checker.score([]) == 0.0
    assert await checker.score([GREY]) == 0.0
    assert await checker.score([GREY, RED, GREY]) == 1.0
    assert len(RED) == SQUARE_BYTES


async def test_a_filter_that_is_started_ahead_is_the_one_that_is_asked(
    checker: ContentChecker,
) -> None:
    checker.start_soon()
    checker.start_soon()
    assert await checker.score([RED]) == 1.0
    first = child_of(checker)
    checker.start_soon()
    await checker.score([GREY])
    assert child_of(checker) == first
    broken = ContentChecker(filters.MISSING)
    broken.start_soon()
    await refused(broken, GREY)
    broken.close()


async def test_a_filter_that_was_killed_is_started_again(checker: ContentChecker) -> None:
    await checker.score([GREY])
    first = child_of(checker)
    os.kill(first, signal.SIGKILL)
    assert await checker.score([RED]) == 1.0
    assert child_of(checker) != first


async def test_a_filter_that_hangs_is_ended_and_lets_nothing_pass() -> None:
    checker = ContentChecker(filters.HANGING, seconds=0.0)
    await checker.score([GREY])
    first = child_of(checker)
    await refused(checker, RED)
    assert await checker.score([GREY]) == 0.0
    assert child_of(checker) != first
    checker.close()


async def test_a_picture_that_crashes_the_filter_does_not_pass() -> None:
    checker = ContentChecker(filters.CRASHING)
    await refused(checker, GREY, RED)
    assert await checker.score([GREY]) == 0.0
    checker.close()


@pytest.mark.parametrize("factory", [filters.GREEDY, filters.WRONG, filters.MISSING, "nowhere:x"])
async def test_a_filter_that_cannot_answer_lets_nothing_pass(factory: str) -> None:
    checker = ContentChecker(factory)
    await refused(checker, GREY)
    checker.close()


async def test_pictures_are_scored_in_turn(checker: ContentChecker) -> None:
    asking = [checker.score([square]) for square in (RED, GREY, RED, GREY)]
    assert await asyncio.gather(*asking) == [1.0, 0.0, 1.0, 0.0]


async def test_one_that_is_given_up_holds_up_no_other(checker: ContentChecker) -> None:
    await checker.score([GREY])
    os.kill(child_of(checker), signal.SIGSTOP)
    asking = asyncio.create_task(checker.score([RED]))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await checker.score([GREY]) == 0.0


async def test_a_closed_filter_lets_nothing_pass(checker: ContentChecker) -> None:
    await checker.score([GREY])
    checker.close()
    await refused(checker, GREY)


async def test_the_process_has_little_memory_and_none_of_our_secrets(
    checker: ContentChecker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    await checker.score([GREY])
    about = Path(f"/proc/{child_of(checker)}")
    [space] = [line for line in (about / "limits").read_text().splitlines() if "address" in line]
    assert str(MEMORY) in space
    assert "secret" not in (about / "environ").read_text()


async def test_the_default_filter_passes_the_samples_and_the_test_photographs() -> None:
    samples = sorted((Path(local.__file__).parent / "samples").glob("*.jpg"))
    files = [*(file.read_bytes() for file in samples), *(one.data for one in photographs.samples())]
    assert len(files) >= 14
    checker = ContentChecker(OPEN_NSFW)
    squares = [square_of(Image.open(io.BytesIO(file))) for file in files]
    assert await checker.score(squares) < FilterLevel.STRICT.limit / 2
    checker.close()

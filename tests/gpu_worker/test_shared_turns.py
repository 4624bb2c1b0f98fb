"""A whole worker whose engine shares passes: orders of several people, each with its own end."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.domain.clip import Clip, Failure
from storage.queue.messages import Order
from tests.gpu_worker.workshop import WorkerProcess, Workshop, workshop

pytestmark = pytest.mark.timeout(90)

STEPS = 40  # two seconds for a slow clip: time to queue others behind it
IN_COMPANY = 1.5  # what the fake engine says of a clip's part in a shared pass


@pytest.fixture
async def shop(tmp_path: Path, redis_url: str) -> AsyncIterator[Workshop]:
    async with workshop(tmp_path, redis_url) as opened:
        yield opened


async def ordered(shop: Workshop, *names: str, attempt: int = 1) -> list[Order]:
    """Put an order of the same kind for each name on the queue."""
    return [await shop.order(f"slow {name}", name, attempt, STEPS) for name in names]


async def sharing(shop: Workshop, **environ: str) -> tuple[WorkerProcess, list[Order]]:
    """Start a worker that knows that pairs pay; let it be at one clip, before two others."""
    worker = await shop.worker(FAKE_ENGINE_WIDTHS="2", **environ)
    (first,) = await ordered(shop, "first")
    assert isinstance(await shop.outcome(first), Clip)
    return worker, await ordered(shop, "a", "b", "c")


async def seconds(shop: Workshop, order: Order) -> float:
    clip = await shop.outcome(order)
    assert isinstance(clip, Clip)
    return clip.seconds


async def test_orders_that_wait_together_are_made_together(shop: Workshop) -> None:
    worker, (a, b, c) = await sharing(shop)
    assert await seconds(shop, a) != IN_COMPANY
    assert [await seconds(shop, order) for order in (b, c)] == [IN_COMPANY, IN_COMPANY]
    assert "slow b, slow c" in await worker.says("together:")
    assert {await shop.queue.preview(name, 1) for name in "bc"} == {
        b"RIFF0000WEBP\0",
        b"RIFF0000WEBP\1",
    }


async def test_an_admin_may_have_every_order_made_alone(shop: Workshop) -> None:
    worker, orders = await sharing(shop, SHARE_PASSES="never")
    assert IN_COMPANY not in [await seconds(shop, order) for order in orders]
    assert "together:" not in worker.log.read_text()


async def test_one_cancel_leaves_the_others_their_pass(shop: Workshop) -> None:
    _, (_a, b, c) = await sharing(shop)
    await shop.moved(b)
    await shop.queue.cancel("b")
    assert await shop.outcome(b) == Failure("failed_cancelled", cancelled=True)
    assert await shop.queue.outcome("c", 1) is None
    assert await seconds(shop, c) == IN_COMPANY


async def test_a_killed_engine_loses_none_of_those_who_shared_and_each_is_made_alone_then(
    shop: Workshop,
) -> None:
    worker, (_a, b, c) = await sharing(shop)
    await shop.moved(c)
    os.kill(worker.children[0], signal.SIGKILL)
    for order in (b, c):
        assert await shop.outcome(order) == Failure("failed_worker_error", retryable=True)
    for order in await ordered(shop, "b", "c", attempt=2):
        assert await seconds(shop, order) != IN_COMPANY

"""The number of pictures in memory is bounded, and large orders do not starve."""

from __future__ import annotations

import asyncio

from bot.discord_ui.uploads import UploadLimiter


async def test_no_more_slots_are_held_than_there_are_and_every_order_gets_its_own() -> None:
    limiter, held, most = UploadLimiter(8), 0, 0

    async def order(pictures: int) -> None:
        nonlocal held, most
        async with limiter.slots(pictures):
            held += pictures
            most = max(most, held)
            await asyncio.sleep(0)
            held -= pictures

    async with asyncio.timeout(10):
        await asyncio.gather(*(order(1 + number % 4) for number in range(100)))
    assert 4 < most <= 8


async def test_an_order_that_is_cancelled_while_it_waits_holds_no_slot() -> None:
    limiter = UploadLimiter(4)
    async with limiter.slots(3):
        waiting = asyncio.create_task(acquire(limiter, 4))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(10):
        await acquire(limiter, 4)


async def acquire(limiter: UploadLimiter, pictures: int) -> None:
    async with limiter.slots(pictures):
        pass

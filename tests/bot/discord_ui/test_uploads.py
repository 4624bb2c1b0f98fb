"""The bytes of pictures in memory are bounded, and large orders do not starve."""

from __future__ import annotations

import asyncio

from bot.discord_ui.uploads import UploadLimiter

MIB = 2**20


async def test_no_more_slots_are_held_than_there_are_and_every_order_gets_its_own() -> None:
    limiter, held, most = UploadLimiter(8 * MIB), 0, 0

    async def order(person: int, pictures: int) -> None:
        nonlocal held, most
        async with limiter.slots(str(person), [MIB - 1] * pictures):
            held += pictures
            most = max(most, held)
            await asyncio.sleep(0)
            held -= pictures

    async with asyncio.timeout(10):
        await asyncio.gather(*(order(number, 1 + number % 4) for number in range(100)))
    assert 4 < most <= 8


async def test_an_order_that_is_cancelled_while_it_waits_holds_no_slot() -> None:
    limiter = UploadLimiter(4 * MIB)
    async with limiter.slots("1", [3 * MIB]):
        waiting = asyncio.create_task(acquire(limiter, "2"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(10):
        await acquire(limiter, "1")


async def test_a_persons_second_order_waits_for_the_first_and_nobody_elses_does() -> None:
    limiter = UploadLimiter()
    async with asyncio.timeout(10), limiter.slots("1", [1]):
        second = asyncio.create_task(acquire(limiter, "1"))
        await acquire(limiter, "2")
        assert not second.done()
    async with asyncio.timeout(10):
        await second


async def acquire(limiter: UploadLimiter, person: str) -> None:
    async with limiter.slots(person, [4 * MIB]):
        pass

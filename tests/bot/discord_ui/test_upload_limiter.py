"""The desk holds so many pictures, and lets large orders through."""

from __future__ import annotations

import asyncio

from bot.discord_ui.upload_limiter import UploadLimiter


async def test_no_more_than_its_room_lies_on_the_desk_and_everybody_gets_a_turn() -> None:
    desk, lying, most = UploadLimiter(8), 0, 0

    async def order(pictures: int) -> None:
        nonlocal lying, most
        async with desk.room(pictures):
            lying += pictures
            most = max(most, lying)
            await asyncio.sleep(0)
            lying -= pictures

    async with asyncio.timeout(10):
        await asyncio.gather(*(order(1 + number % 4) for number in range(100)))
    assert 4 < most <= 8


async def test_who_gives_up_waiting_leaves_the_desk_free() -> None:
    desk = UploadLimiter(4)
    async with desk.room(3):
        waiting = asyncio.create_task(desk_taken(desk, 4))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(10):
        await desk_taken(desk, 4)


async def desk_taken(desk: UploadLimiter, pictures: int) -> None:
    """Come to the desk with so many pictures, and go."""
    async with desk.room(pictures):
        pass

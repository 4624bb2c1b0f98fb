"""Desk: how many uploads are held in memory at the same time; the others wait for a turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

PICTURES = 8


class UploadLimiter:
    """Gives each order room for all of its pictures at once."""

    def __init__(self, room: int = PICTURES) -> None:
        self._free = asyncio.Semaphore(room)
        self._turn = asyncio.Lock()  # two who hold a part each would wait for each other for ever

    @contextlib.asynccontextmanager
    async def room(self, pictures: int) -> AsyncIterator[None]:
        """Hold room for so many pictures inside this block."""
        held = 0
        try:
            async with self._turn:
                for _ in range(pictures):
                    await self._free.acquire()
                    held += 1
            yield
        finally:
            for _ in range(held):
                self._free.release()

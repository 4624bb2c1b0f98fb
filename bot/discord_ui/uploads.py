"""Downloads the pictures that people attach, and bounds how many are held in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import discord

from storage.domain.errors import BadPicture, Unavailable

MAX_BYTES = 32 * 2**20  # what a picture of the largest size we take may need
MAX_HELD = 8  # pictures in memory at once


def check_upload(attachment: discord.Attachment) -> None:
    """Raise BadPicture if the size or type that Discord reports rules the file out."""
    if attachment.size > MAX_BYTES:
        raise BadPicture("picture_file_too_large", limit=MAX_BYTES // 2**20)
    kind = (attachment.content_type or "").partition("/")[0]
    if kind in ("audio", "video", "text"):
        raise BadPicture("picture_not_an_image")


async def download(attachment: discord.Attachment) -> bytes:
    """Return the bytes of an attachment; raise BadPicture or Unavailable."""
    try:
        return await attachment.read()
    except discord.NotFound as error:
        raise BadPicture("picture_gone") from error
    except discord.HTTPException as error:
        raise Unavailable("unavailable_download") from error


class UploadLimiter:
    """A semaphore from which an order acquires slots for all of its pictures at once."""

    def __init__(self, limit: int = MAX_HELD) -> None:
        self._free = asyncio.Semaphore(limit)
        self._acquiring = asyncio.Lock()  # two orders with a part each would deadlock

    @contextlib.asynccontextmanager
    async def slots(self, pictures: int) -> AsyncIterator[None]:
        """Hold a slot for each picture inside this block; at most `limit` pictures."""
        held = 0
        try:
            async with self._acquiring:
                for _ in range(pictures):
                    await self._free.acquire()
                    held += 1
            yield
        finally:
            for _ in range(held):
                self._free.release()

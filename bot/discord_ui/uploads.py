"""Downloads the pictures that people attach, and bounds how many are held in memory."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import aiohttp
import discord

from bot.studio.keyed_locks import KeyedLocks
from storage.domain.errors import BadPicture, Unavailable

MAX_BYTES = 32 * 2**20  # what a picture of the largest size we take may need
MAX_HELD = 8 * MAX_BYTES  # in memory at once
_UNIT = 2**20  # bytes

HOSTS = re.compile(r"(cdn\.discordapp\.com|media\.discordapp\.net|images-ext-\d+\.discordapp\.net)")
"""Where Discord keeps attachments, and shows pictures that are under a link."""


def check_upload(attachment: discord.Attachment) -> None:
    """Raise BadPicture if the size or type that Discord reports rules the file out."""
    if attachment.size > MAX_BYTES:
        raise BadPicture("picture_file_too_large", limit=MAX_BYTES // 2**20)
    kind = (attachment.content_type or "").partition("/")[0]
    if kind == "video":
        raise BadPicture("picture_video")
    if kind in ("audio", "text"):
        raise BadPicture("picture_not_an_image")


async def download(attachment: discord.Attachment) -> bytes:
    """Return the bytes of an attachment; raise BadPicture or Unavailable.

    Nothing is asked of any other host than Discord's own, whatever address the attachment names;
    DiscordTraffic lets none of them lead elsewhere.
    """
    if not is_of_discord(attachment.url):
        raise BadPicture("picture_elsewhere")
    try:
        data = await attachment.read()
    except discord.NotFound as error:
        raise BadPicture("picture_gone") from error
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise Unavailable("unavailable_download") from error
    if len(data) > max(MAX_BYTES, attachment.size):  # under a link, the size was assumed
        raise BadPicture("picture_file_too_large", limit=MAX_BYTES // 2**20)
    return data


def is_of_discord(url: str) -> bool:
    """Tell whether an address is one of Discord's files, or of the server that stands in for it."""
    try:
        parts, own = urlsplit(url), urlsplit(discord.http.Route.BASE)
        if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
            return True
        return parts.scheme == "https" and bool(HOSTS.fullmatch(parts.netloc))
    except ValueError:
        return False


class UploadLimiter:
    """Bounds the bytes of all pictures in memory, and lets each person upload one order at a time.

    So nobody fills the memory or the decoders with orders that would be refused later.
    """

    def __init__(self, limit: int = MAX_HELD) -> None:
        """Hold at most `limit` bytes."""
        self._free = asyncio.Semaphore(limit // _UNIT)
        self._acquiring = asyncio.Lock()  # two orders with a part each would deadlock
        self._owners = KeyedLocks()

    @contextlib.asynccontextmanager
    async def slots(self, owner: str, sizes: Sequence[int]) -> AsyncIterator[None]:
        """Hold memory for an order's pictures of these sizes (bytes) inside this block."""
        held = 0
        async with self._owners.of(owner):
            try:
                async with self._acquiring:
                    for _ in range(sum(-(-size // _UNIT) for size in sizes)):
                        await self._free.acquire()
                        held += 1
                yield
            finally:
                for _ in range(held):
                    self._free.release()

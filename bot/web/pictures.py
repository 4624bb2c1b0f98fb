"""Uploads of the page, each kept for its person until it is ordered or the space is needed."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from typing import Self

from storage.domain.errors import BadPicture
from storage.domain.picture import PictureFacts

MAX_BYTES = 32 * 2**20
"""Of one upload: what a picture of the largest size that is taken may need."""
MAX_KEPT = 24
"""Uploads of one person; the one that was used the longest ago gives way."""
MOST_BYTES = 4 * 2**30
"""Of all uploads together."""


class PictureUploads:
    """Files in a folder that goes with the process, by their owner and their sha256."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mutoscope-page-")
        self._sizes: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._facts: dict[tuple[str, str], PictureFacts] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    async def put(self, owner: str, data: bytes, facts: PictureFacts | None = None) -> str:
        """Keep an upload; return its key, by which only its owner gets it.

        facts are what is known of a picture, None for a clip whose settings are wanted.
        """
        key = sha256(data).hexdigest()
        await asyncio.to_thread(self._path(owner, key).write_bytes, data)
        self._sizes[owner, key] = len(data)
        self._sizes.move_to_end((owner, key))
        if facts is not None:
            self._facts[owner, key] = facts
        await self._make_room(owner)
        return key

    async def get(self, owner: str, key: str) -> bytes:
        """Return an upload; raise BadPicture where it is not kept (any more)."""
        if (owner, key) not in self._sizes:
            raise BadPicture("picture_gone")
        self._sizes.move_to_end((owner, key))
        return await asyncio.to_thread(self._path(owner, key).read_bytes)

    def facts(self, owner: str, key: str) -> PictureFacts | None:
        """Return what is known of a picture, None where it is not kept (any more)."""
        return self._facts.get((owner, key))

    async def _make_room(self, owner: str) -> None:
        mine = [one for one in self._sizes if one[0] == owner]
        for one in mine[:-MAX_KEPT]:
            await self._forget(*one)
        while sum(self._sizes.values()) > MOST_BYTES and len(self._sizes) > 1:
            await self._forget(*next(iter(self._sizes)))

    async def _forget(self, owner: str, key: str) -> None:
        if self._sizes.pop((owner, key), None) is not None:
            self._facts.pop((owner, key), None)
            with contextlib.suppress(FileNotFoundError):
                await asyncio.to_thread(self._path(owner, key).unlink)

    def _path(self, owner: str, key: str) -> Path:
        name = sha256(f"{owner} {key}".encode()).hexdigest()
        return Path(self._folder.name) / name

"""Uploads of the page, each kept for its person until it is ordered or the space is needed."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable
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
KEPT_SECONDS = 24 * 3600.0
"""After an upload was used the last time."""
EXPIRY_SECONDS = 600.0
"""Between two looks at what is too old."""


class PictureUploads:
    """Files in a folder that goes with the process, by their owner and their sha256."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._used: dict[tuple[str, str], float] = {}
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
        self._use(owner, key)
        if facts is not None:
            self._facts[owner, key] = facts
        await self._make_room(owner)
        return key

    async def get(self, owner: str, key: str) -> bytes:
        """Return an upload; raise BadPicture where it is not kept (any more)."""
        if (owner, key) not in self._sizes:
            raise BadPicture("picture_gone")
        self._use(owner, key)
        return await asyncio.to_thread(self._path(owner, key).read_bytes)

    def facts(self, owner: str, key: str) -> PictureFacts | None:
        """Return what is known of a picture, None where it is not kept (any more)."""
        return self._facts.get((owner, key))

    async def forget(self, owner: str, key: str) -> None:
        """Keep an upload no longer, if it is kept."""
        if self._sizes.pop((owner, key), None) is not None:
            self._facts.pop((owner, key), None)
            del self._used[owner, key]
            with contextlib.suppress(FileNotFoundError):
                await asyncio.to_thread(self._path(owner, key).unlink)

    async def expire(self) -> None:
        """Forget what was not used for so long."""
        oldest = self._clock() - KEPT_SECONDS
        for one in [one for one, used in self._used.items() if used < oldest]:
            await self.forget(*one)

    async def expire_forever(self) -> None:
        """Do so every few minutes, until cancelled."""
        while True:
            await asyncio.sleep(EXPIRY_SECONDS)
            await self.expire()

    def _use(self, owner: str, key: str) -> None:
        self._sizes.move_to_end((owner, key))
        self._used[owner, key] = self._clock()

    async def _make_room(self, owner: str) -> None:
        mine = [one for one in self._sizes if one[0] == owner]
        for one in mine[:-MAX_KEPT]:
            await self.forget(*one)
        while sum(self._sizes.values()) > MOST_BYTES and len(self._sizes) > 1:
            await self.forget(*next(iter(self._sizes)))

    def _path(self, owner: str, key: str) -> Path:
        name = sha256(f"{owner} {key}".encode()).hexdigest()
        return Path(self._folder.name) / name

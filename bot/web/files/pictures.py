"""Uploads of the page, each kept for its person until the space or their order is done with it."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Self

from bot.web.files.kept_files import MIB, KeptFiles, KeptLimits
from storage.domain.errors import BadPicture
from storage.domain.picture import PictureFacts

MAX_BYTES = 32 * MIB
"""Of one upload: what a picture of the largest size that is taken may need."""
LIMITS = KeptLimits(files=24, person=256 * MIB, whole=4096 * MIB, life=24 * 3600.0)


class PictureUploads:
    """Files in a folder that goes with the process, by their owner and their sha256."""

    def __init__(
        self, limits: KeptLimits = LIMITS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mutoscope-page-")
        self._files = KeptFiles(Path(self._folder.name), limits, clock)
        self._facts: dict[tuple[str, str], PictureFacts] = {}
        self.expire = self._files.expire
        self.expire_forever = self._files.expire_forever

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    async def put(self, owner: str, data: bytes, facts: PictureFacts | None = None) -> str:
        """Keep an upload; return its key, by which only its owner gets it.

        facts are what is known of a picture, None for a clip whose settings are wanted. Raise
        BadPicture where there is no room.
        """
        key = sha256(data).hexdigest()
        await self._files.keep(owner, key, data)
        self._drop_facts()
        if facts is not None:
            self._facts[owner, key] = facts
        return key

    async def get(self, owner: str, key: str) -> bytes:
        """Return an upload; raise BadPicture where it is not kept (any more)."""
        path = self._files.use(owner, key)
        if path is None:
            raise BadPicture("picture_gone")
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:  # forgotten just now
            raise BadPicture("picture_gone") from error

    def facts(self, owner: str, key: str) -> PictureFacts | None:
        """Return what is known of a picture, None where it is not kept (any more)."""
        return self._facts.get((owner, key)) if self._files.holds(owner, key) else None

    def release(self, owner: str, keys: Iterable[str]) -> None:
        """Let uploads give way first: an order has them, or they were taken out of the form.

        Another order may be made of them as long as there is room.
        """
        for key in keys:
            self._files.take(owner, key)

    async def forget(self, owner: str, key: str) -> None:
        """Keep an upload no longer, if it is kept."""
        self._facts.pop((owner, key), None)
        await self._files.forget(owner, key)

    async def forget_all(self, owner: str, asked: float) -> None:
        """Keep nothing that a person gave until a time, in unix seconds."""
        await self._files.forget_all(owner, asked)
        self._drop_facts()

    def _drop_facts(self) -> None:
        self._facts = {one: known for one, known in self._facts.items() if self._files.holds(*one)}

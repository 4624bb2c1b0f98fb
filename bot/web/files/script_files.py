"""Files in Gradio's folder: what scripts uploaded, and clips that they were sent."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from bot.web.files.kept_files import EXPIRY_SECONDS, MIB, KeptFiles, KeptLimits

LIMITS = KeptLimits(files=200, person=256 * MIB, whole=2048 * MIB, life=3600.0)


class ScriptFiles:
    """Keeps the files of the folder that Gradio reads and sends files from."""

    def __init__(
        self,
        folder: Path,
        limits: KeptLimits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self._files = KeptFiles(folder, limits, clock)
        self.forget_all = self._files.forget_all

    async def uploaded(self, owner: str, data: bytes, name: str) -> Path:
        """Keep what a script uploaded; raise BadPicture where there is no room."""
        return await self._files.keep(owner, secrets.token_hex(16), data, name)

    async def sent(self, owner: str, data: bytes, name: str) -> Path:
        """Keep a clip that a script is sent; once it is, another one may take its place."""
        key = f"{sha256(data).hexdigest()} {name}"
        return await self._files.keep(owner, key, data, name, taken=True)

    async def ordered(self, owner: str, path: Path) -> None:
        """Delete an upload of this person: an order has what was in it, or wanted none of it."""
        key = self._files.key_of(owner, path)
        if key is not None:
            await self._files.forget(owner, key)

    def owns(self, owner: str, path: Path) -> bool:
        """Tell whether a file was uploaded by, or sent to, this person."""
        return self._files.key_of(owner, path) is not None

    async def expire_forever(self) -> None:
        """Delete what is too old, until cancelled."""
        while True:
            await asyncio.sleep(EXPIRY_SECONDS)
            await self._files.expire()
            await asyncio.to_thread(delete_empty, self.folder)


def delete_empty(folder: Path) -> None:
    """Delete the empty files that Gradio leaves in its folder, one for each that it reads."""
    for one in folder.iterdir():
        with contextlib.suppress(OSError):  # Gradio deleted it just now
            if one.is_file() and not one.stat().st_size:
                one.unlink()

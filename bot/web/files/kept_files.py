"""Files of persons in a folder, of which none may fill the disk or push out what others wait for.

What an order has taken, or a script was sent, gives way first; then what nobody used for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.domain.errors import BadPicture

log = logging.getLogger(__name__)

MIB = 2**20
EXPIRY_SECONDS = 60.0
"""Between two looks at what is too old."""
FULL = (errno.ENOSPC, errno.EDQUOT)

LONGEST_NAME = 120  # bytes; no usual file system takes more than 255, some 143

Key = tuple[str, str]
"""A file's owner, and its name among theirs."""


@dataclass(frozen=True, slots=True)
class KeptLimits:
    """How many files and bytes a person may have, and all together; times are in seconds.

    life is after a file was used the last time, waiting how long nothing pushes it out.
    """

    files: int
    person: int
    whole: int
    life: float
    waiting: float = 600.0


@dataclass(slots=True)
class KeptFile:
    """A file; taken tells that nothing waits for it any more.

    since is when it was given last, in unix seconds, for other processes tell times by them.
    callers is how many wait until it is written.
    """

    path: Path
    size: int
    used: float
    taken: bool
    written: asyncio.Task[None]
    since: float
    callers: int = 0


class KeptFiles:
    """Keeps files by their owner and a key; each has a folder of its own below the root."""

    def __init__(
        self, root: Path, limits: KeptLimits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._limits = limits
        self._clock = clock
        self._files: OrderedDict[Key, KeptFile] = OrderedDict()  # the latest used last
        self._deleting: set[asyncio.Task[None]] = set()

    async def keep(
        self, owner: str, key: str, data: bytes, name: str = "file", *, taken: bool = False
    ) -> Path:
        """Write a file, unless it is there; raise BadPicture where there is no room for it.

        Raise it too where the file is forgotten before it is written.
        """
        found = self._files.get((owner, key))
        if found is None:
            path = self._root / secrets.token_hex(16) / safe_name(name)
            writing = asyncio.create_task(self._write((owner, key), path, data))
            found = KeptFile(path, len(data), self._clock(), taken, writing, time.time())
            self._files[owner, key] = found
        else:
            self.use(owner, key)
            found.taken &= taken
            found.since = time.time()
        await self._until_written((owner, key), found)
        if self._files.get((owner, key)) is not found:
            raise BadPicture("picture_gone")
        return found.path

    async def _until_written(self, key: Key, file: KeptFile) -> None:
        """Wait until a file is there; forget it where nobody waits for it any more."""
        file.callers += 1
        try:
            await asyncio.shield(file.written)
        except asyncio.CancelledError:
            if file.callers == 1 and not file.written.done():
                await self._drop(key, file)
            raise
        finally:
            file.callers -= 1

    async def _write(self, key: Key, path: Path, data: bytes) -> None:
        """Write a file that is among the others already, or let it be none of them."""
        try:
            await self._make_room(key[0])
            await asyncio.to_thread(_write, path, data)
        except BaseException as error:
            if (file := self._files.get(key)) is not None and file.path == path:
                del self._files[key]
            await asyncio.to_thread(_delete, path)
            if isinstance(error, OSError) and error.errno in FULL:
                log.error("there is no room in %s", self._root)
                raise BadPicture("page_disk_full") from error
            raise

    def use(self, owner: str, key: str) -> Path | None:
        """Return where a file is, None where it is not kept (any more)."""
        found = self._files.get((owner, key))
        if found is None:
            return None
        self._files.move_to_end((owner, key))
        found.used = self._clock()
        return found.path

    def holds(self, owner: str, key: str) -> bool:
        """Tell whether a file is kept."""
        return (owner, key) in self._files

    def take(self, owner: str, key: str) -> None:
        """Let a file give way first from now on, if it is kept: nothing waits for it."""
        if (found := self._files.get((owner, key))) is not None:
            found.taken = True

    def key_of(self, owner: str, path: Path) -> str | None:
        """Return the key of a person's file, None where it is not theirs."""
        named = self._of(owner)
        return next((key for (_, key), file in named if file.path == path), None)

    async def forget(self, owner: str, key: str) -> None:
        """Keep a file no longer, if it is kept."""
        if (found := self._files.get((owner, key))) is not None:
            await self._drop((owner, key), found)

    async def _drop(self, key: Key, file: KeptFile) -> None:
        """Delete a file, after it is written; whoever is cancelled meanwhile does not stop that."""
        if self._files.get(key) is file:
            del self._files[key]
        deleting = asyncio.create_task(_delete_written(file))
        self._deleting.add(deleting)
        deleting.add_done_callback(self._deleting.discard)
        await asyncio.shield(deleting)

    async def forget_all(self, owner: str, asked: float) -> None:
        """Keep nothing that a person gave until a time, in unix seconds."""
        for key, file in list(self._of(owner)):
            if file.since <= asked:
                await self._drop(key, file)

    async def expire(self) -> None:
        """Forget what was not used for so long."""
        oldest = self._clock() - self._limits.life
        for key in [key for key, file in self._files.items() if file.used < oldest]:
            await self.forget(*key)

    async def expire_forever(self) -> None:
        """Do so every minute, until cancelled."""
        while True:
            await asyncio.sleep(EXPIRY_SECONDS)
            await self.expire()

    def _of(self, owner: str) -> Iterator[tuple[Key, KeptFile]]:
        return ((key, file) for key, file in self._files.items() if key[0] == owner)

    async def _make_room(self, owner: str) -> None:
        """Let files give way to a person's new one; raise BadPicture where not enough may."""
        limits = self._limits
        while self._exceeds(list(self._of(owner)), limits.files, limits.person):
            await self._give_way(self._of(owner), "page_uploads_full", limits.person)
        while self._exceeds(list(self._files.items()), None, limits.whole):
            await self._give_way(iter(self._files.items()), "page_full", limits.whole)

    def _exceeds(self, some: list[tuple[Key, KeptFile]], files: int | None, size: int) -> bool:
        return (files is not None and len(some) > files) or sum(one.size for _, one in some) > size

    async def _give_way(
        self, some: Iterator[tuple[Key, KeptFile]], reason: str, limit: int
    ) -> None:
        """Forget the one of some files that is needed the least, none that is being written."""
        others = [(key, file) for key, file in some if file.written.done()]
        long_ago = self._clock() - self._limits.waiting
        idle = (key for key, file in others if file.used < long_ago)
        gone = next((key for key, file in others if file.taken), next(idle, None))
        if gone is None:
            raise BadPicture(reason, limit=limit // MIB, minutes=int(self._limits.waiting // 60))
        await self.forget(*gone)


def safe_name(name: str) -> str:
    """Return the last part of a file's name as one that is harmless anywhere."""
    safe = re.sub(r"[^\w.-]", "_", re.split(r"[/\\]", name)[-1])
    return safe.encode()[-LONGEST_NAME:].decode(errors="ignore").lstrip(".") or "file"


def _write(path: Path, data: bytes) -> None:
    """Write the whole file, or none of that name."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}")
    part.write_bytes(data)
    part.replace(path)


async def _delete_written(file: KeptFile) -> None:
    await asyncio.wait([file.written])
    await asyncio.to_thread(_delete, file.path)


def _delete(path: Path) -> None:
    for one in (path, path.with_name(f".{path.name}")):
        one.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it was never made
        path.parent.rmdir()

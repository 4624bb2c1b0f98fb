"""Files of persons in a folder, of which none may fill the disk or push out what others wait for.

What an order has taken, or a script was sent, gives way first; then what nobody used for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
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
    """A file; taken tells that nothing waits for it any more."""

    path: Path
    size: int
    used: float
    taken: bool


class KeptFiles:
    """Keeps files by their owner and a key; each has a folder of its own below the root."""

    def __init__(
        self, root: Path, limits: KeptLimits, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = root
        self._limits = limits
        self._clock = clock
        self._files: OrderedDict[Key, KeptFile] = OrderedDict()  # the latest used last

    async def keep(
        self, owner: str, key: str, data: bytes, name: str = "file", *, taken: bool = False
    ) -> Path:
        """Write a file, unless it is there; raise BadPicture where there is no room for it."""
        if (path := self.use(owner, key)) is not None:
            self._files[owner, key].taken &= taken
            return path
        path = self._root / sha256(f"{owner} {key}".encode()).hexdigest() / safe_name(name)
        self._files[owner, key] = KeptFile(path, len(data), self._clock(), taken)
        try:
            await self._make_room((owner, key))
            await asyncio.to_thread(_write, path, data)
        except BaseException as error:
            await self.forget(owner, key)
            if isinstance(error, OSError) and error.errno in FULL:
                log.error("there is no room in %s", self._root)
                raise BadPicture("page_disk_full") from error
            raise
        return path

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
        found = self._files.pop((owner, key), None)
        if found is not None:
            await asyncio.to_thread(_delete, found.path)

    async def forget_all(self, owner: str) -> None:
        """Keep nothing of a person."""
        for (_, key), _file in list(self._of(owner)):
            await self.forget(owner, key)

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

    async def _make_room(self, new: Key) -> None:
        """Let files give way to a new one; raise BadPicture where not enough may."""
        limits, owner = self._limits, new[0]
        while self._exceeds(list(self._of(owner)), limits.files, limits.person):
            await self._give_way(self._of(owner), new, "page_uploads_full", limits.person)
        while self._exceeds(list(self._files.items()), None, limits.whole):
            await self._give_way(iter(self._files.items()), new, "page_full", limits.whole)

    def _exceeds(self, some: list[tuple[Key, KeptFile]], files: int | None, size: int) -> bool:
        return (files is not None and len(some) > files) or sum(one.size for _, one in some) > size

    async def _give_way(
        self, some: Iterator[tuple[Key, KeptFile]], new: Key, reason: str, limit: int
    ) -> None:
        """Forget the one of some files that is needed the least."""
        others = [(key, file) for key, file in some if key != new]
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


def _delete(path: Path) -> None:
    for one in (path, path.with_name(f".{path.name}")):
        one.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it was never made
        path.parent.rmdir()

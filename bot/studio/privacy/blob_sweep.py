"""Goes through the blob store: deletes what nothing names, and measures what there is.

A blob is put before the row that names it is committed, so that only what is older than a day is
looked at. It becomes a leftover, which is looked at again under the locks of orders.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping

from storage.blobs import Blobs
from storage.database.privacy.leftovers import LeftoverTable
from storage.database.privacy.retention_table import RetentionTable
from storage.domain.privacy.leftover import Leftover, LeftoverKind
from storage.domain.quota import DAY
from storage.queue.client import Queue

PREFIXES = tuple(f"{number:02x}" for number in range(256))
LOOKED_UP = 200  # blobs whose names are looked for at once


class BlobSweep:
    """Sweeps one prefix of the keys after the other."""

    def __init__(
        self,
        table: RetentionTable,
        leftovers: LeftoverTable,
        blobs: Blobs,
        queue: Queue,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._leftovers = leftovers
        self._blobs = blobs
        self._queue = queue
        self._clock = clock
        self._next = 0
        self._sizes: dict[str, int] = {}

    @property
    def total(self) -> int | None:
        """The bytes that the store holds, as last seen; None until all of it was seen once."""
        return sum(self._sizes.values()) if len(self._sizes) == len(PREFIXES) else None

    async def step(self) -> None:
        """Sweep the next prefix; raise Unavailable."""
        prefix = PREFIXES[self._next]
        await self.sweep(prefix)
        self._next = (self._next + 1) % len(PREFIXES)

    async def sweep(self, prefix: str) -> None:
        """Let what nothing names below a prefix be deleted; raise Unavailable."""
        stored = await self._blobs.listed(prefix)
        self._sizes[prefix] = sum(one.size for one in stored)
        old = [one.key for one in stored if one.modified < self._clock() - DAY]
        for start in range(0, len(old), LOOKED_UP):
            some = old[start : start + LOOKED_UP]
            unnamed = set(some) - await self._table.named(some)
            if unnamed:
                unnamed -= await self._segments()
                await self._leftovers.record(Leftover(LeftoverKind.STYLE, key) for key in unnamed)

    async def sizes(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the bytes of those of some blobs that are in the store."""
        found = {}
        for key in keys:
            with contextlib.suppress(KeyError):
                found[key] = await self._blobs.size(key)
        return found

    async def measure_again(self, sizes: Mapping[str, int]) -> None:
        """Take into the total that some blobs may be gone, which had these sizes."""
        left = await self.sizes(sizes)
        for key in sizes.keys() - left.keys():
            self._sizes[key[:2]] -= sizes[key]

    async def _segments(self) -> set[str]:
        """Return the blobs of the finished segments of unfinished stories, which Redis names."""
        found: set[str] = set()
        for job in await self._queue.jobs_with_segments():
            for segment in await self._queue.segments(job):
                found |= {segment.blob, segment.last}
        return found

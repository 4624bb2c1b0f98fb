"""Exports all that is kept of a person, as ZIP files of bounded size or one that is streamed.

Rows are read page by page and files one by one, so that a long history takes no more memory than a
short one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from io import BufferedIOBase

from bot.studio.privacy.archive import StreamedArchive, new_archive
from storage.blobs import Blobs
from storage.database.privacy.personal_data import SOURCES, Rows
from storage.database.privacy.privacy_tables import PrivacyTables
from storage.pictures.formats import READABLE, VIDEO, sniff

MOST_PARTS = 20
LARGEST_FILE = 2**30  # bytes of one that is streamed, which is held in memory
PART_BYTES = 8192  # what a part takes beside a file that is alone in it, at least

Entry = tuple[str, bytes]
"""A name in the archive, and the data."""
Send = Callable[[BufferedIOBase, int], Awaitable[None]]
"""Sends a part, and its number from 1, to the person."""


@dataclass(slots=True)
class ExportSummary:
    """How many parts were sent, how many files are in none of them, and whether there was more."""

    parts: int = 0
    left_out: int = 0
    cut: bool = False


class Exporting:
    """Makes exports: one at a time for each person, and a few on a day."""

    def __init__(
        self, tables: PrivacyTables, blobs: Blobs, clock: Callable[[], float] = time.time
    ) -> None:
        self._tables = tables
        self._blobs = blobs
        self._clock = clock

    @asynccontextmanager
    async def begun(self, owner: str) -> AsyncIterator[None]:
        """Let no other export of this person begin inside the block; raise NotAllowed.

        One that fails does not count.
        """
        await self._tables.exports.begin(owner, self._clock())
        sent = False
        try:
            yield
            sent = True
        finally:
            # A download that breaks off is cancelled again and again.
            await asyncio.shield(self._tables.exports.end(owner, counts=sent))

    async def export(self, owner: str, limit: int, send: Send) -> ExportSummary:
        """Send everything in parts of at most so many bytes each."""
        summary = ExportSummary()
        entries = self._entries(owner, limit, summary)
        entry = await anext(entries, None)
        while entry is not None and not summary.cut:
            with new_archive(limit) as archive:
                while entry is not None and (archive.fits(*entry) or not archive.names):
                    archive.add(*entry)
                    entry = await anext(entries, None)
                summary.parts += 1
                await send(archive.close(), summary.parts)
            summary.cut = entry is not None and summary.parts == MOST_PARTS
        await entries.aclose()
        return summary

    async def stream(self, owner: str) -> AsyncGenerator[bytes, None]:
        """Yield everything as one ZIP, of which nothing is written to disk.

        Where files are lost, it has an entry that says how many.
        """
        archive, summary = StreamedArchive(), ExportSummary()
        async with aclosing(self._entries(owner, LARGEST_FILE, summary)) as entries:
            async for name, data in entries:
                yield archive.add(name, data)
        if summary.left_out:
            yield archive.add("left_out.json", json.dumps({"files": summary.left_out}).encode())
        yield archive.close()

    async def _entries(
        self, owner: str, limit: int, summary: ExportSummary
    ) -> AsyncGenerator[Entry, None]:
        """Yield all entries: the rows first, then the files."""
        for source in SOURCES:
            number = 0
            async for rows in self._tables.personal_data.pages(owner, source):
                for data in _documents(rows, limit // 2):
                    number += 1
                    yield f"{source}/{number:05}.json", data
        bans = await self._tables.personal_data.bans(owner)
        for number, data in enumerate(_documents(bans, limit // 2) if bans else (), 1):
            yield f"bans/{number:05}.json", data
        seen: set[str] = set()
        async for key in self._tables.personal_data.blobs(owner):
            if key in seen:
                continue
            seen.add(key)
            entry = await self._file(key, limit - limit // 500 - PART_BYTES)
            if entry is None:
                summary.left_out += 1
            else:
                yield entry

    async def _file(self, key: str, limit: int) -> Entry | None:
        """Return a file by its sha256; None where it is lost, or larger than a part."""
        try:
            if await self._blobs.size(key) > limit:
                return None
            data = await self._blobs.get(key)
        except KeyError:
            return None
        return f"files/{key}{_ending(data)}", data


def _ending(data: bytes) -> str:
    """Return the ending of a file's name by what it holds: a picture, a clip or a style."""
    kind = sniff(data)
    if kind == VIDEO:
        return ".mp4"
    return f".{kind.lower()}" if kind in READABLE else ".safetensors"


def _documents(rows: Rows, limit: int) -> Iterator[bytes]:
    """Return rows as JSON; in halves where that is more than so many bytes."""
    data = json.dumps(rows, ensure_ascii=False, indent=1).encode(errors="replace")
    if len(data) <= limit or len(rows) == 1:
        yield data
        return
    half = len(rows) // 2
    yield from _documents(rows[:half], limit)
    yield from _documents(rows[half:], limit)

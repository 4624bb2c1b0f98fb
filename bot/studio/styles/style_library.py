"""The styles that a person may order with: the operator's, and those that they have uploaded."""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from bot.studio.keyed_locks import KeyedLocks
from storage.blobs import Blobs
from storage.database.library.style_table import StyleTable
from storage.domain.errors import BadRequest, BadStyle
from storage.domain.models.style import NAME, NAME_LIMIT, Style, style_name
from storage.domain.request import GenerationRequest
from storage.styles.adapter_file import read_layout
from storage.styles.style_folder import find_styles, read_style

NAMES_SHOWN = 20

Stamp = tuple[Path, int, int]


class StyleLibrary:
    """Finds a style's file by its name, and puts it where workers find it by its sha256."""

    def __init__(
        self, folder: Path | None, table: StyleTable, blobs: Blobs, locks: KeyedLocks
    ) -> None:
        """Offer the styles in a folder (None: none) to everybody, and each person their own.

        A file is deleted under the lock of its sha256, which whoever orders with it holds too.
        """
        self._folder = folder
        self._table = table
        self._blobs = blobs
        self._locks = locks
        self._keys: dict[Stamp, str] = {}

    async def names(self, owner: str) -> list[str]:
        """Return the names of a person's styles, their own first."""
        own = await self._table.of(owner)
        return [*own, *(name for name in await self._offered() if name not in own)]

    async def own(self, owner: str) -> list[str]:
        """Return the names of the styles that a person has uploaded."""
        return list(await self._table.of(owner))

    async def found(
        self, request: GenerationRequest, owner: str, before: Style | None = None
    ) -> GenerationRequest:
        """Return a request with the file of its style; raise BadRequest or BadStyle.

        before is the style of the order that this one varies: its file stays, whoever's it is,
        until it is deleted.
        """
        style = request.style
        if style is None or style.file:
            return request
        same = before is not None and before.name == style.name
        if before is not None and same and await self._has(before.file):
            return replace(request, style=replace(style, file=before.file))
        return replace(request, style=replace(style, file=await self._file(style.name, owner)))

    async def check_there(self, request: GenerationRequest) -> None:
        """Raise BadStyle where the store lacks the file that a request's frames are made with."""
        style = request.style
        if style is None or style.scale == 0.0 or not request.generates:
            return
        if not await self._has(style.file):
            raise BadStyle("style_gone", name=style.name)

    async def add(self, owner: str, file_name: str, data: bytes, now: float) -> str:
        """Keep an uploaded style under its file's name, which is returned; raise BadStyle."""
        await asyncio.to_thread(lambda: read_layout(io.BytesIO(data)))
        name = style_name(file_name)
        if not NAME.fullmatch(name):
            raise BadRequest("request_style_name", limit=NAME_LIMIT)
        key = await asyncio.to_thread(lambda: sha256(data).hexdigest())
        try:
            async with self._locks.of(key):
                await self._blobs.put(data)
                before = await self._table.put(owner, name, key, now)
        except BadStyle:
            await self._delete_unused(key)
            raise
        if before != key:
            await self._delete_unused(before)
        return name

    async def delete(self, owner: str, name: str) -> None:
        """Delete a style that a person has uploaded; raise BadRequest where there is none."""
        file = await self._table.delete(owner, name.strip().casefold())
        if not file:
            raise _unknown(name, await self.own(owner))
        await self._delete_unused(file)

    async def needs(self, file: str) -> bool:
        """Tell whether the operator offers a file, somebody has it, or an order waits for it."""
        return await self._table.is_needed(file) or await self._offers(file)

    async def _file(self, name: str, owner: str) -> str:
        """Return the sha256 of a style's file, which is in the store."""
        own = await self._table.of(owner)
        if name in own:
            return own[name]
        path = (await self._offered()).get(name)
        if path is None:
            raise _unknown(name, await self.names(owner))
        return await self._put(path)

    async def _put(self, path: Path) -> str:
        """Have a file of the operator's in the store; return its sha256."""
        key = await self._key(path)
        if await self._has(key):
            return key
        return await self._blobs.put(await asyncio.to_thread(read_style, path))

    async def _key(self, path: Path) -> str:
        """Return the sha256 of a style in the operator's folder; raise BadStyle."""
        facts = await asyncio.to_thread(path.stat)
        stamp = (path, facts.st_mtime_ns, facts.st_size)
        if stamp not in self._keys:
            read = await asyncio.to_thread(lambda: sha256(read_style(path)).hexdigest())
            self._keys[stamp] = read
        return self._keys[stamp]

    async def _has(self, file: str) -> bool:
        try:
            await self._blobs.size(file)
        except KeyError:
            return False
        return True

    async def _offered(self) -> dict[str, Path]:
        if self._folder is None:
            return {}
        return await asyncio.to_thread(find_styles, self._folder)

    async def _delete_unused(self, file: str) -> None:
        """Delete a file, and put it back where another bot's order came to need it meanwhile."""
        if not file or await self._offers(file):
            return
        async with self._locks.of(file):
            if await self._table.is_needed(file):
                return
            try:
                data = await self._blobs.get(file)
            except KeyError:  # missing, or damaged
                data = None
            await self._blobs.delete(file)
            if data is not None and await self._table.is_needed(file):
                await self._blobs.put(data)

    async def _offers(self, file: str) -> bool:
        """Tell whether the operator's folder holds a file of this sha256."""
        for path in (await self._offered()).values():
            with suppress(BadStyle, OSError):  # cannot be ordered with
                if await self._key(path) == file:
                    return True
        return False


def _unknown(name: str, known: list[str]) -> BadRequest:
    """Return the refusal of a style that is not among those that a person knows."""
    name = name[:NAME_LIMIT]
    if not known:
        return BadRequest("request_style_none", name=name)
    more = ["…"] if known[NAMES_SHOWN:] else []
    shown = ", ".join([*known[:NAMES_SHOWN], *more])
    return BadRequest("request_style_unknown", name=name, names=shown)

"""The styles that a person may order with: the operator's, and those that they have uploaded."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from pathlib import Path

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

    def __init__(self, folder: Path | None, table: StyleTable, blobs: Blobs) -> None:
        """Offer the styles in a folder (None: none) to everybody, and each person their own."""
        self._folder = folder
        self._table = table
        self._blobs = blobs
        self._stored: dict[Stamp, str] = {}

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

        before is the style of the order that this one varies: its file stays, whoever's it is.
        """
        style = request.style
        if style is None or style.file:
            return request
        if before is not None and before.name == style.name:
            return replace(request, style=replace(style, file=before.file))
        return replace(request, style=replace(style, file=await self._file(style.name, owner)))

    async def add(self, owner: str, file_name: str, data: bytes, now: float) -> str:
        """Keep an uploaded style under its file's name, which is returned; raise BadStyle."""
        await asyncio.to_thread(lambda: read_layout(io.BytesIO(data)))
        name = style_name(file_name)
        if not NAME.fullmatch(name):
            raise BadRequest("request_style_name", limit=NAME_LIMIT)
        key = await self._blobs.put(data)
        try:
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
        facts = await asyncio.to_thread(path.stat)
        stamp = (path, facts.st_mtime_ns, facts.st_size)
        key = self._stored.get(stamp, "")
        try:
            if key and await self._blobs.size(key):
                return key
        except KeyError:  # deleted there
            pass
        self._stored[stamp] = await self._blobs.put(await asyncio.to_thread(read_style, path))
        return self._stored[stamp]

    async def _offered(self) -> dict[str, Path]:
        if self._folder is None:
            return {}
        return await asyncio.to_thread(find_styles, self._folder)

    async def _delete_unused(self, file: str) -> None:
        if file and not await self._table.is_kept(file):
            await self._blobs.delete(file)


def _unknown(name: str, known: list[str]) -> BadRequest:
    """Return the refusal of a style that is not among those that a person knows."""
    name = name[:NAME_LIMIT]
    if not known:
        return BadRequest("request_style_none", name=name)
    more = ["…"] if known[NAMES_SHOWN:] else []
    shown = ", ".join([*known[:NAMES_SHOWN], *more])
    return BadRequest("request_style_unknown", name=name, names=shown)

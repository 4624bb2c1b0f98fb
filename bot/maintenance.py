"""What is done to the stores of a service by hand: the database copied, blobs checked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum

from storage.blobs import Blobs
from storage.database.connect import open_database
from storage.database.copying import copy_database
from storage.database.named_blobs import NamedBlob, named_blobs
from storage.settings import Settings

__all__ = ["BlobState", "CheckedBlob", "check_blobs", "copy_database"]

AT_ONCE = 8  # blobs that are read


class BlobState(StrEnum):
    """How a blob was found."""

    SOUND = "sound"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class CheckedBlob:
    """A blob that a job or a style names, and how it was found."""

    name: NamedBlob
    state: BlobState


async def check_blobs(settings: Settings) -> AsyncGenerator[CheckedBlob, None]:
    """Read every blob that is named; raise Unavailable where database or store are away."""
    engine = await open_database(settings.database_url)
    try:
        blobs, free = Blobs.open(settings.blob_url), asyncio.Semaphore(AT_ONCE)
        await blobs.check(settings.blob_url)

        async def check(name: NamedBlob) -> CheckedBlob:
            async with free:
                return CheckedBlob(name, await _state(blobs, name.key))

        async for page in named_blobs(engine):
            for checked in await asyncio.gather(*map(check, page)):
                yield checked
    finally:
        await engine.dispose()


async def _state(blobs: Blobs, key: str) -> BlobState:
    try:
        await blobs.size(key)
    except KeyError:
        return BlobState.MISSING
    return BlobState.SOUND if await blobs.has(key) else BlobState.DAMAGED

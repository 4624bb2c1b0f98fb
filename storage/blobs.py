"""Blobs: pictures and clips, each under the sha256 of its bytes, in a folder or a cloud's store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from storage.domain.errors import Unavailable

KEY = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A store of bytes by their content; the same bytes are kept once.

    An absent key raises KeyError; a store that cannot be reached, or is full, Unavailable.
    """

    def __init__(self, store: ObjectStore) -> None:
        """Keep blobs in this store."""
        self._store = store

    @classmethod
    def open(cls, url: str) -> Blobs:
        """Open file://FOLDER (made where it is missing), memory:///, s3://, gs:// or az://.

        A cloud's credentials come from the environment in that cloud's own way.
        """
        if url.startswith("file://"):
            folder = Path(url.removeprefix("file://")).resolve()
            return cls(LocalStore(prefix=folder, mkdir=True))
        return cls(from_url(url))

    async def put(self, data: bytes) -> str:
        """Keep the bytes, whole or not at all, and return their key."""
        key = hashlib.sha256(data).hexdigest()
        if not await self.has(key):
            with _reachable():
                await obstore.put_async(self._store, _path(key), data, use_multipart=False)
        return key

    async def get(self, key: str) -> bytes:
        """Return the bytes of this key."""
        with _reachable():
            found = await obstore.get_async(self._store, _path(key))
            return bytes(await found.bytes_async())

    async def size(self, key: str) -> int:
        """Return how many bytes this key has."""
        with _reachable():
            return int((await obstore.head_async(self._store, _path(key)))["size"])

    async def has(self, key: str) -> bool:
        """Tell whether this key is here."""
        try:
            await self.size(key)
        except KeyError:
            return False
        return True

    async def delete(self, key: str) -> None:
        """Forget this key; one that is not here is forgotten already."""
        try:
            with _reachable():
                await obstore.delete_async(self._store, _path(key))
        except KeyError:
            return


def _path(key: str) -> str:
    """Return where the key lies; what is no sha256 lies nowhere, so that no path can be forged."""
    if not KEY.fullmatch(key):
        raise KeyError(key)
    return f"{key[:2]}/{key}"


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise KeyError(str(error)) from error
    except (BaseError, OSError) as error:
        raise Unavailable("unavailable_storage") from error

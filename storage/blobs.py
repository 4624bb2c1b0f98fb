"""Content-addressed blobs: pictures and clips in a folder or a cloud's object store."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from storage.domain.errors import Unavailable
from storage.domain.text import printable
from storage.settings import SettingsError

KEY = re.compile(r"[0-9a-f]{64}")


def check_url(url: str) -> None:
    """Raise SettingsError unless this may be a BLOB_URL; the message shows no credentials."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise SettingsError("BLOB_URL is no URL; write file:///FOLDER, s3://, gs:// or az://BUCKET")
    if scheme != "memory" and not rest.strip("/"):
        raise SettingsError("BLOB_URL names no folder or bucket")


def place_of(url: str) -> str:
    """Return where a BLOB_URL leads, without credentials."""
    if url.startswith("file://"):
        return printable(_folder(url))
    return printable(url.partition("?")[0].rpartition("@")[2])


def _folder(url: str) -> Path:
    """Return the folder of a file:// URL, which may be percent-encoded."""
    return Path(os.fsdecode(unquote_to_bytes(url.removeprefix("file://")))).resolve()


class Blobs:
    """Stores bytes under their sha256.

    A missing key raises KeyError; a store that is unreachable or full raises Unavailable.
    """

    def __init__(self, store: ObjectStore) -> None:
        """Use this store."""
        self._store = store

    @classmethod
    def open(cls, url: str) -> Blobs:
        """Open file://FOLDER (created if missing), memory:///, s3://, gs:// or az://.

        A cloud's credentials come from its own environment variables. Raises SettingsError.
        """
        check_url(url)
        if url.startswith("file://"):
            folder = _folder(url)
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except FileExistsError as error:
                raise SettingsError(f"BLOB_URL: {printable(folder)} is a file") from error
            except OSError as error:
                raise SettingsError(
                    f"BLOB_URL: the folder {printable(folder)} cannot be made: {error.strerror}"
                ) from error
            return cls(LocalStore(prefix=folder))
        try:
            return cls(from_url(url))
        except (BaseError, ValueError, TypeError) as error:
            secret = "@" in url or "?" in url
            reason = type(error).__name__ if secret else str(error).partition("\n")[0]
            raise SettingsError(f"BLOB_URL: {place_of(url)} cannot be opened: {reason}") from error

    async def put(self, data: bytes) -> str:
        """Store the bytes atomically and return their key."""
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
        """Tell whether this key exists."""
        try:
            await self.size(key)
        except KeyError:
            return False
        return True

    async def delete(self, key: str) -> None:
        """Delete this key if it exists."""
        try:
            with _reachable():
                await obstore.delete_async(self._store, _path(key))
        except KeyError:
            return


def _path(key: str) -> str:
    """Return the key's path; raise KeyError where it is no sha256, so that no path is forged."""
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

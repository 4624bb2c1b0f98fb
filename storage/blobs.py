"""Content-addressed blobs: pictures and clips in a folder or a cloud's object store."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes

from obstore.exceptions import BaseError
from obstore.store import from_url

from storage.blob_folder import BlobFolder, StoredBlob
from storage.cloud_store import CloudStore, check_endpoint
from storage.domain.errors import Unavailable
from storage.domain.text import printable
from storage.logs import FaultLog
from storage.settings import SettingsError

KEY = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger(__name__)


def check_url(url: str) -> None:
    """Raise SettingsError unless this may be a BLOB_URL; the message shows no credentials.

    S3's address comes from its own variables, which are checked too.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise SettingsError("BLOB_URL is no URL; write file:///FOLDER, s3://, gs:// or az://BUCKET")
    if scheme != "memory" and not rest.strip("/"):
        raise SettingsError("BLOB_URL names no folder or bucket")
    if scheme in ("s3", "s3a"):
        check_endpoint(os.environ)


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

    A missing or damaged blob raises KeyError; a store that is unreachable, full or read-only raises
    Unavailable.
    """

    def __init__(self, store: BlobFolder | CloudStore) -> None:
        """Use this store, in which a missing key is a KeyError or a FileNotFoundError."""
        self._store = store
        self._faults = FaultLog(log, "the store for pictures and clips")

    @classmethod
    def open(cls, url: str) -> Blobs:
        """Open file://FOLDER (created if missing), memory:///, s3://, gs:// or az://.

        A cloud's credentials come from its own environment variables. Raises SettingsError.
        """
        check_url(url)
        if url.startswith("file://"):
            return cls(_open_folder(_folder(url)))
        try:
            return cls(CloudStore(from_url(url)))
        except (BaseError, ValueError, TypeError) as error:
            secret = "@" in url or "?" in url
            reason = type(error).__name__ if secret else str(error).partition("\n")[0]
            raise SettingsError(f"BLOB_URL: {place_of(url)} cannot be opened: {reason}") from error

    async def check(self, url: str) -> None:
        """Raise SettingsError where the store of this url is reached and cannot be used."""
        if isinstance(self._store, CloudStore):
            await self._store.check(place_of(url))

    async def put(self, data: bytes) -> str:
        """Store the bytes atomically and return their key; a damaged blob is mended by this."""
        key = await asyncio.to_thread(_key_of, data)
        with self._reachable():
            await self._store.put(key, data)
        return key

    async def get(self, key: str) -> bytes:
        """Return the bytes of this key."""
        with self._reachable():
            data = await self._store.get(_checked(key))
        if await asyncio.to_thread(_key_of, data) != key:
            log.error("blob %s is damaged; it counts as missing", key)
            raise KeyError(key)
        return data

    async def size(self, key: str) -> int:
        """Return how many bytes this key has, damaged or not."""
        with self._reachable():
            return await self._store.size(_checked(key))

    async def has(self, key: str) -> bool:
        """Tell whether this key exists and is not damaged."""
        try:
            await self.get(key)
        except KeyError:
            return False
        return True

    async def listed(self, prefix: str) -> list[StoredBlob]:
        """Return the blobs whose keys begin with two hexadecimal digits."""
        with self._reachable():
            found = await self._store.listed(prefix)
        return [one for one in found if KEY.fullmatch(one.key)]

    async def delete(self, key: str) -> None:
        """Delete this key if it exists."""
        try:
            with self._reachable():
                await self._store.delete(_checked(key))
        except KeyError:
            return

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise KeyError(str(error)) from error
        except (BaseError, OSError) as error:
            self._faults.begin(error)
            raise Unavailable("unavailable_storage") from error
        self._faults.end()


def _open_folder(folder: Path) -> BlobFolder:
    try:
        return BlobFolder(folder)
    except FileExistsError as error:
        raise SettingsError(f"BLOB_URL: {printable(folder)} is a file") from error
    except OSError as error:
        raise SettingsError(
            f"BLOB_URL: the folder {printable(folder)} cannot be made: {error.strerror}"
        ) from error


def _key_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _checked(key: str) -> str:
    """Return the key; raise KeyError where it is no sha256, so that no path is forged."""
    if not KEY.fullmatch(key):
        raise KeyError(key)
    return key

"""Blobs in a cloud's object store, or in memory, which needs no care of its own."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from storage.blob_folder import StoredBlob
from storage.settings import SettingsError

CHECK_SECONDS = 10.0
ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT")
TRUE = ("1", "true", "on", "yes", "y")  # as obstore reads a switch
REFUSALS = {
    "NoSuchBucket": "there is no such bucket; create it",
    "ContainerNotFound": "there is no such container; create it",
    "InvalidAccessKeyId": "it does not know AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY is not that of AWS_ACCESS_KEY_ID",
}
"""What a store answers that no waiting can mend, and what that means."""

log = logging.getLogger(__name__)


def check_endpoint(environ: Mapping[str, str]) -> None:
    """Raise SettingsError where an S3 store's address cannot work: obstore would fail obscurely."""
    for name in ENDPOINTS:
        endpoint = environ.get(name)
        if endpoint is None:
            continue
        if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", endpoint):
            fault = "is no address" if endpoint.strip() else "is empty"
            raise SettingsError(f"{name} {fault}; write https://HOST:PORT, or unset it")
        if endpoint.startswith("http:") and environ.get("AWS_ALLOW_HTTP", "").lower() not in TRUE:
            raise SettingsError(f"{name} begins with http://; set AWS_ALLOW_HTTP=true to allow it")


class CloudStore:
    """Objects by their keys; FileNotFoundError where one is missing, OSError or BaseError else."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def check(self, place: str) -> None:
        """Raise SettingsError where the store has no such bucket or does not know who asks.

        Whatever else is wrong is logged: it may pass, or only the list is not allowed.
        """
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await obstore.list(self._store, prefix="none").collect_async()
        except (BaseError, OSError) as error:
            for code, meaning in REFUSALS.items():
                if f"<Code>{code}<" in str(error):
                    raise SettingsError(f"BLOB_URL: {place}: {meaning}") from error
            reason = str(error).partition("\n")[0] or "no answer in time"
            log.warning("the store at %s could not be checked: %s", place, reason)

    async def put(self, key: str, data: bytes) -> None:
        """Store an object, unless one of this size is there."""
        try:
            if await self.size(key) == len(data):
                return
        except FileNotFoundError:
            pass
        try:
            await obstore.put_async(self._store, _path(key), data, use_multipart=False)
        except FileNotFoundError as error:
            raise OSError("the bucket is gone") from error

    async def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        found = await obstore.get_async(self._store, _path(key))
        return bytes(await found.bytes_async())

    async def size(self, key: str) -> int:
        """Return an object's size in bytes."""
        return int((await obstore.head_async(self._store, _path(key)))["size"])

    async def listed(self, prefix: str) -> list[StoredBlob]:
        """Return the objects below a prefix."""
        found = []
        async for some in obstore.list(self._store, prefix=prefix):
            for one in some:
                key = one["path"].rpartition("/")[2]
                found.append(StoredBlob(key, one["size"], one["last_modified"].timestamp()))
        return found

    async def delete(self, key: str) -> None:
        """Delete an object."""
        await obstore.delete_async(self._store, _path(key))


def _path(key: str) -> str:
    return f"{key[:2]}/{key}"

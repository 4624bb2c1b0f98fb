"""Blobs as files in one folder, written so that a crash or a full disk leaves no half of one.

A blob is written to a temporary file, synced, and renamed. Symbolic links are not followed, so
that whoever may write into the folder cannot have other files read or overwritten. Files and
folders are for this user alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

INCOMING = "incoming"
ABANDONED_SECONDS = 3600.0  # after which a temporary file is of a process that was killed

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not block
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FILE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO)


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A blob in the store: its key, its size in bytes, and when it was written (unix seconds)."""

    key: str
    size: int
    modified: float


class BlobFolder:
    """A folder of blobs; KeyError where there is no regular file, OSError for any other fault."""

    def __init__(self, root: Path) -> None:
        """Use this folder, creating it if it is missing."""
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # it is read-only, or somebody else's
            root.chmod(0o700)
        self._sweep()

    async def put(self, key: str, data: bytes) -> None:
        """Write a blob, unless the file has these bytes already."""
        await asyncio.to_thread(self._put, key, data)

    async def get(self, key: str) -> bytes:
        """Read a blob."""
        return await asyncio.to_thread(self._get, key)

    async def size(self, key: str) -> int:
        """Return how many bytes a blob has."""
        return await asyncio.to_thread(self._size, key)

    async def delete(self, key: str) -> None:
        """Delete a blob."""
        await asyncio.to_thread(self._delete, key)

    async def listed(self, prefix: str) -> list[StoredBlob]:
        """Return the blobs in the folder of a prefix."""
        return await asyncio.to_thread(self._listed, prefix)

    def _listed(self, prefix: str) -> list[StoredBlob]:
        found = []
        with contextlib.suppress(FileNotFoundError), self._opened(prefix) as folder:
            for entry in os.scandir(folder):
                with contextlib.suppress(FileNotFoundError):  # deleted just now
                    facts = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(facts.st_mode):
                        found.append(StoredBlob(entry.name, facts.st_size, facts.st_mtime))
        return found

    def _put(self, key: str, data: bytes) -> None:
        with contextlib.suppress(KeyError):
            if self._get(key) == data:
                return
        with self._created(INCOMING) as incoming, self._created(key[:2]) as target:
            name = f"{key}.{secrets.token_hex(8)}"
            try:
                _write(name, data, incoming)
                os.rename(name, key, src_dir_fd=incoming, dst_dir_fd=target)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=incoming)
                raise
            os.fsync(target)

    def _get(self, key: str) -> bytes:
        with (
            _missing(key),
            self._opened(key[:2]) as folder,
            os.fdopen(os.open(key, _READ, dir_fd=folder), "rb") as file,
        ):
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise KeyError(key)
            return file.read()

    def _size(self, key: str) -> int:
        with _missing(key), self._opened(key[:2]) as folder:
            found = os.stat(key, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                raise KeyError(key)
            return found.st_size

    def _delete(self, key: str) -> None:
        with _missing(key), self._opened(key[:2]) as folder:
            os.unlink(key, dir_fd=folder)
            os.fsync(folder)

    @contextlib.contextmanager
    def _created(self, name: str) -> Iterator[int]:
        """Open a folder inside the root, creating it if it is missing."""
        try:
            (self._root / name).mkdir(mode=0o700)
        except FileExistsError:
            pass
        else:
            with _open_folder(self._root.parent, self._root.name) as root:
                os.fsync(root)
        with self._opened(name) as folder:
            yield folder

    def _opened(self, name: str) -> contextlib.AbstractContextManager[int]:
        """Open a folder inside the root."""
        return _open_folder(self._root, name)

    def _sweep(self) -> None:
        """Delete the temporary files that killed processes left over."""
        with contextlib.suppress(OSError), self._opened(INCOMING) as incoming:
            for entry in os.scandir(incoming):
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if age > ABANDONED_SECONDS:
                    os.unlink(entry.name, dir_fd=incoming)


@contextlib.contextmanager
def _open_folder(parent: Path, name: str) -> Iterator[int]:
    """Open a folder that is no symbolic link; yield its file descriptor."""
    folder = os.open(parent / name, _FOLDER)
    try:
        yield folder
    finally:
        os.close(folder)


def _write(name: str, data: bytes, folder: int) -> None:
    with os.fdopen(os.open(name, _CREATE, 0o600, dir_fd=folder), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _missing(key: str) -> Iterator[None]:
    """Turn the errors of a missing file, or of a symbolic link in its place, into KeyError."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_FILE:
            raise KeyError(key) from error
        raise

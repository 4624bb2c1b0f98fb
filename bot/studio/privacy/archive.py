"""ZIP files of bounded size, written to disk one entry at a time."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase

ENTRY_BYTES = 512  # what an entry takes beside its data and twice its name
END_BYTES = 1024


class Archive:
    """A ZIP that is being written, and stays below a size."""

    def __init__(self, file: BufferedIOBase, limit: int) -> None:
        """Write to a file; limit is in bytes."""
        self._file = file
        self._zip = zipfile.ZipFile(file, "w")
        self._limit = limit
        self._directory = END_BYTES
        self.names: list[str] = []

    def fits(self, name: str, data: bytes) -> bool:
        """Tell whether an entry fits in, however badly it is compressed."""
        more = len(data) + len(data) // 1000 + ENTRY_BYTES + 2 * len(name.encode())
        return self._file.tell() + self._directory + more <= self._limit

    def add(self, name: str, data: bytes) -> None:
        """Add an entry; text is compressed, pictures and clips are already."""
        text = name.endswith((".json", ".txt"))
        method = zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED
        self._zip.writestr(name, data, method)
        self._directory += ENTRY_BYTES + len(name.encode())
        self.names.append(name)

    def close(self) -> BufferedIOBase:
        """Write the directory; return the file, at its start."""
        self._zip.close()
        self._file.seek(0)
        return self._file


@contextmanager
def new_archive(limit: int) -> Iterator[Archive]:
    """Open an archive in a temporary file, which is gone after the block."""
    with tempfile.TemporaryFile() as file:
        yield Archive(file, limit)

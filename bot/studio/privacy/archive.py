"""ZIP files, made one entry at a time: of bounded size on disk, or of any size as they are sent."""

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
        """Add an entry."""
        self._zip.writestr(name, data, _method(name))
        self._directory += ENTRY_BYTES + len(name.encode())
        self.names.append(name)

    def close(self) -> BufferedIOBase:
        """Write the directory; return the file, at its start."""
        self._zip.close()
        self._file.seek(0)
        return self._file


class StreamedArchive:
    """A ZIP of any size; each call returns its next bytes, and nothing is kept."""

    def __init__(self) -> None:
        self._pieces = _Pieces()
        self._zip = zipfile.ZipFile(self._pieces, "w")

    def add(self, name: str, data: bytes) -> bytes:
        """Add an entry."""
        self._zip.writestr(name, data, _method(name))
        return self._pieces.take()

    def close(self) -> bytes:
        """Write the directory."""
        self._zip.close()
        return self._pieces.take()


class _Pieces:
    """What was written and not taken yet, as a file that can be neither read nor sought in."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes, /) -> int:
        self._data += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: what was written is there."""

    def close(self) -> None:
        """Do nothing: the ZIP's end is written before."""

    def take(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


def _method(name: str) -> int:
    """Return how an entry is compressed: pictures and clips are already."""
    text = name.endswith((".json", ".txt"))
    return zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED


@contextmanager
def new_archive(limit: int) -> Iterator[Archive]:
    """Open an archive in a temporary file, which is gone after the block."""
    with tempfile.TemporaryFile() as file:
        yield Archive(file, limit)

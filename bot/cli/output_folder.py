"""Writes clips to a folder, each whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from pathlib import Path


def prepare(folder: Path) -> None:
    """Create the folder and try to write there; raise OSError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # a file further up
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"0")
        probe.flush()
        os.fsync(probe.fileno())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name and rename it; raise OSError and leave nothing behind."""
    temporary = path.with_name(f".mutoscope-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

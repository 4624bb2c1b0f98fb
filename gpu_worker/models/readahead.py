"""Readahead: reads a checkpoint's weights into the system's cache while Python still imports."""

from __future__ import annotations

import threading
from pathlib import Path

PIECE = 2**24


def start(folder: Path) -> threading.Thread:
    """Begin to read every weight file below a folder, in a thread that nobody has to wait for."""
    thread = threading.Thread(target=_read, args=(folder,), name="readahead", daemon=True)
    thread.start()
    return thread


def _read(folder: Path) -> None:
    for path in sorted(folder.glob("*/*.safetensors")):
        with path.open("rb", buffering=0) as file:
            while file.read(PIECE):
                pass

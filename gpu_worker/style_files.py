"""The files of styles on a worker's disk, which the engine's process reads."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOST_FILES = 16


@dataclass(frozen=True, slots=True)
class StyleFiles:
    """A folder in which each style's file is named by its sha256.

    Those that were used last are kept.
    """

    folder: Path

    def has(self, key: str) -> bool:
        """Tell whether a file is there, and note that it is used."""
        try:
            os.utime(self.folder / key)
        except OSError:
            return False
        return True

    def add(self, key: str, data: bytes) -> None:
        """Write a file, whole or not at all, and delete what was not used for the longest time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(partial).replace(self.folder / key)
        finally:
            Path(partial).unlink(missing_ok=True)
        self._prune()

    def _prune(self) -> None:
        used = {}
        for file in self.folder.iterdir():
            with suppress(OSError):  # another worker deletes there too
                used[file] = file.stat().st_mtime
        for file in sorted(used, key=lambda one: used[one])[:-MOST_FILES]:
            file.unlink(missing_ok=True)

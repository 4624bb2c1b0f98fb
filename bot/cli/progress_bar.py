"""A progress bar in the last line of the terminal."""

from __future__ import annotations

import shutil
import unicodedata
from dataclasses import dataclass
from typing import TextIO

CELLS = 24
FULL, EMPTY = "█", "░"
CLEAR = "\r\x1b[K"


@dataclass
class ProgressBar:
    """A progress bar over the clips of one command; draws nothing where out is no terminal."""

    total: int
    out: TextIO

    def show(self, done: float, text: str) -> None:
        """Redraw the bar; done (0..total) counts clips, a half-made one as a half."""
        if not self.out.isatty():
            return
        line = f"{draw(done / self.total)} {int(done)}/{self.total}  {text}"
        self.out.write(CLEAR + truncate(line, shutil.get_terminal_size().columns - 1))
        self.out.flush()

    def print_above(self, line: str) -> None:
        """Print a line that stays, above the bar."""
        self.hide()
        self.out.write(line + "\n")
        self.out.flush()

    def hide(self) -> None:
        """Clear the bar's line."""
        if self.out.isatty():
            self.out.write(CLEAR)
            self.out.flush()


def draw(fraction: float) -> str:
    """Return a bar filled to a fraction of 0..1."""
    filled = round(min(max(fraction, 0.0), 1.0) * CELLS)
    return FULL * filled + EMPTY * (CELLS - filled)


def truncate(line: str, columns: int) -> str:
    """Shorten a line to this many columns, counting a wide (Chinese) character as two."""
    used = 0
    for index, letter in enumerate(line):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > columns:
            return line[:index]
    return line

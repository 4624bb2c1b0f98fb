"""One line at the bottom of the terminal that fills while clips are made."""

from __future__ import annotations

import shutil
import unicodedata
from dataclasses import dataclass
from typing import TextIO

CELLS = 24
FULL, EMPTY = "█", "░"
CLEAR = "\r\x1b[K"


@dataclass
class Bar:
    """A progress bar over all the clips of one run; silent where nobody looks."""

    total: int
    out: TextIO

    def show(self, share: float, words: str) -> None:
        """Redraw the bar; share (0..total) counts clips, a half-made one as a half."""
        if not self.out.isatty():
            return
        line = f"{draw(share / self.total)} {int(share)}/{self.total}  {words}"
        self.out.write(CLEAR + clip(line, shutil.get_terminal_size().columns - 1))
        self.out.flush()

    def say(self, line: str) -> None:
        """Print a line that stays, above the bar."""
        self.hide()
        self.out.write(line + "\n")
        self.out.flush()

    def hide(self) -> None:
        """Take the bar away."""
        if self.out.isatty():
            self.out.write(CLEAR)
            self.out.flush()


def draw(share: float) -> str:
    """Return the bar for a share of 0..1."""
    filled = round(min(max(share, 0.0), 1.0) * CELLS)
    return FULL * filled + EMPTY * (CELLS - filled)


def clip(line: str, columns: int) -> str:
    """Shorten a line to so many columns, a Chinese character taking two."""
    used = 0
    for index, letter in enumerate(line):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > columns:
            return line[:index]
    return line

"""Contact sheet: a few frames of every clip in one picture, so that a person can judge them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CELL = 128
COLUMNS = 5
_GAP = 2
_MARGIN = 150
_LINE = 14
_PAPER, _INK, _WARNING = (250, 250, 250), (30, 30, 30), (190, 30, 30)


@dataclass(frozen=True, slots=True)
class ContactSheetRow:
    """One clip: lines of words at its left, and its frames (frames, height, width, 3)."""

    lines: tuple[str, ...]
    frames: NDArray[np.uint8]
    good: bool = True


def draw(rows: Sequence[ContactSheetRow], columns: int = COLUMNS) -> bytes:
    """Return a PNG with one row per clip, its frames evenly spaced from first to last."""
    width = _MARGIN + columns * (CELL + _GAP)
    sheet = Image.new("RGB", (width, max(1, len(rows)) * (CELL + _GAP)), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for index, row in enumerate(rows):
        top = index * (CELL + _GAP)
        for number, line in enumerate(row.lines):
            ink = _INK if row.good else _WARNING
            pen.text((4, top + 4 + number * _LINE), _fitting(line), ink, font)
        for column, frame in enumerate(_spread(row.frames, columns)):
            cell = _cell(frame)
            left = _MARGIN + column * (CELL + _GAP) + (CELL - cell.width) // 2
            sheet.paste(cell, (left, top + (CELL - cell.height) // 2))
    target = io.BytesIO()
    sheet.save(target, "PNG", optimize=True)
    return target.getvalue()


def _spread(frames: NDArray[np.uint8], columns: int) -> list[NDArray[np.uint8]]:
    places = np.linspace(0, len(frames) - 1, columns).round().astype(int)
    return [frames[place] for place in places]


def _cell(frame: NDArray[np.uint8]) -> Image.Image:
    image = Image.fromarray(frame)
    scale = CELL / max(image.size)
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _fitting(line: str) -> str:
    """Return as much of a line as the margin holds; the built-in font has no Chinese."""
    plain = line.encode("ascii", "replace").decode()
    return plain if len(plain) <= 24 else plain[:22] + ".."

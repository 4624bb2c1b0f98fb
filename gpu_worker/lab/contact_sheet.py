"""Draws a contact sheet: a few frames of every clip in one picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gpu_worker.media.frames import Frame, Frames

CELL = 128
COLUMNS = 5
_GAP = 2
_MARGIN = 150
_LINE = 14
_BACKGROUND, _TEXT, _WARNING = (250, 250, 250), (30, 30, 30), (190, 30, 30)


@dataclass(frozen=True, slots=True)
class ContactSheetRow:
    """One clip: lines of text at its left, and its frames."""

    lines: tuple[str, ...]
    frames: Frames
    good: bool = True


def draw(rows: Sequence[ContactSheetRow]) -> bytes:
    """Return a PNG with one row per clip, its frames evenly spaced from first to last."""
    width = _MARGIN + COLUMNS * (CELL + _GAP)
    sheet = Image.new("RGB", (width, max(1, len(rows)) * (CELL + _GAP)), _BACKGROUND)
    drawing, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for index, row in enumerate(rows):
        top = index * (CELL + _GAP)
        for number, line in enumerate(row.lines):
            colour = _TEXT if row.good else _WARNING
            drawing.text((4, top + 4 + number * _LINE), _shortened(line), colour, font)
        for column, frame in enumerate(_evenly_spaced(row.frames)):
            cell = _cell(frame)
            left = _MARGIN + column * (CELL + _GAP) + (CELL - cell.width) // 2
            sheet.paste(cell, (left, top + (CELL - cell.height) // 2))
    target = io.BytesIO()
    sheet.save(target, "PNG", optimize=True)
    return target.getvalue()


def _evenly_spaced(frames: Frames) -> list[Frame]:
    indices = np.linspace(0, len(frames) - 1, COLUMNS).round().astype(int)
    return [frames[index] for index in indices]


def _cell(frame: Frame) -> Image.Image:
    image = Image.fromarray(frame)
    scale = CELL / max(image.size)
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _shortened(line: str) -> str:
    """Return as much of a line as the margin holds; the built-in font has no Chinese."""
    plain = line.encode("ascii", "replace").decode()
    return plain if len(plain) <= 24 else plain[:22] + ".."

"""Draws a contact sheet: a few frames of every clip in one picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from gpu_worker.lab.evaluate.clip_evaluator import CELL, SHOWN, EvaluatedClip

_GAP = 2
_MARGIN = 150
_LINE = 14
_BACKGROUND, _TEXT, _WARNING = (250, 250, 250), (30, 30, 30), (190, 30, 30)


def draw(clips: Sequence[EvaluatedClip]) -> bytes:
    """Return a PNG with one row per clip, its frames evenly spaced from first to last."""
    width = _MARGIN + SHOWN * (CELL + _GAP)
    sheet = Image.new("RGB", (width, max(1, len(clips)) * (CELL + _GAP)), _BACKGROUND)
    drawing, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for row, clip in enumerate(clips):
        top, spec = row * (CELL + _GAP), clip.spec
        colour = _TEXT if clip.as_expected else _WARNING
        lines = (spec.stem, spec.motion, spec.prompt, f"seen: {clip.dominant}")
        for number, line in enumerate(lines):
            drawing.text((4, top + 4 + number * _LINE), _shortened(line), colour, font)
        for column, frame in enumerate(clip.shown):
            cell = ImageOps.pad(
                Image.fromarray(frame),
                (CELL, CELL),
                Image.Resampling.LANCZOS,
                color=_BACKGROUND,
            )
            sheet.paste(cell, (_MARGIN + column * (CELL + _GAP), top))
    target = io.BytesIO()
    sheet.save(target, "PNG", optimize=True)
    return target.getvalue()


def _shortened(line: str) -> str:
    """Return as much of a line as the margin holds; the built-in font has no Chinese."""
    plain = line.encode("ascii", "replace").decode()
    return plain if len(plain) <= 24 else plain[:22] + ".."

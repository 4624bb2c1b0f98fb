"""Draws what on-demand workers save at each load, and where a fixed card becomes cheaper."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from deploy.cost.comparison import Row

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 520, 360, 56, 44, 48, 20
LOWEST = -0.4  # of the savings that are drawn
INK, GRID = (60, 60, 60), (225, 225, 225)
COLOURS = ((31, 119, 180), (214, 98, 39), (44, 140, 60), (140, 80, 160))
KEDA = (170, 170, 170)
AIM = 0.7

Point = tuple[float, float]


def draw(rows: Sequence[Row], file: Path) -> None:
    """Draw a panel for each offer: saving over clips a day, of the steady trace or the first."""
    traces = [row.trace for row in rows]
    trace = "steady" if "steady" in traces else traces[0]
    offers = dict.fromkeys(row.offer for row in rows)
    whole = Image.new("RGB", (WIDTH * len(offers), HEIGHT), "white")
    for number, offer in enumerate(offers):
        chosen = [row for row in rows if (row.offer, row.trace) == (offer, trace)]
        whole.paste(_panel(f"{offer}, {trace}", chosen), (WIDTH * number, 0))
    file.parent.mkdir(parents=True, exist_ok=True)
    whole.save(file, optimize=True)


def _panel(title: str, rows: Sequence[Row]) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    loads = sorted({row.clips_per_day for row in rows})
    pen.text((LEFT, 6), title, INK, ImageFont.load_default(15))
    for saving in (-0.4, -0.2, 0.0, 0.2, 0.4, 0.6, AIM, 0.8, 1.0):
        y = _y(saving)
        pen.line([(LEFT, y), (WIDTH - RIGHT, y)], INK if saving in (0.0, AIM) else GRID)
        if saving != 0.8:  # too near to the aim's own
            pen.text((8, y - 8), f"{saving:.0%}", INK, font)
    for load in loads:
        pen.text((_x(load, loads) - 10, HEIGHT - BOTTOM + 6), f"{load:g}", INK, font)
    pen.text((LEFT, HEIGHT - 22), "clips a day; saving against the fixed card", INK, font)
    starts = sorted({row.cold_start_s for row in rows})
    for number, (start, colour) in enumerate(zip(starts, COLOURS, strict=False)):
        mine = sorted((r for r in rows if r.cold_start_s == start), key=lambda r: r.clips_per_day)
        keda = [(_x(r.clips_per_day, loads), _y(r.keda_300_s_saving)) for r in mine]
        _dashed(pen, [point for point in keda if point[1] <= _y(LOWEST)])
        pen.line([(_x(r.clips_per_day, loads), _y(r.saving)) for r in mine], colour, 3)
        pen.text((LEFT + 8, HEIGHT - 122 + 17 * number), f"starts of {start:g} s", colour, font)
    legend = "KEDA, cooldown of 300 s"
    pen.text((LEFT + 8, HEIGHT - 122 + 17 * len(starts)), legend, KEDA, font)
    return image


def _x(load: float, loads: Sequence[float]) -> float:
    low, high = math.log(loads[0]), math.log(loads[-1])
    share = (math.log(load) - low) / (high - low) if high > low else 0.5
    return LEFT + 12 + share * (WIDTH - LEFT - RIGHT - 24)


def _y(saving: float) -> float:
    return TOP + (1 - saving) / (1 - LOWEST) * (HEIGHT - TOP - BOTTOM)


def _dashed(pen: ImageDraw.ImageDraw, points: Iterable[Point]) -> None:
    for (x1, y1), (x2, y2) in pairwise(points):
        steps = max(1, int(math.hypot(x2 - x1, y2 - y1) // 6))
        for step in range(0, steps, 2):
            near, far = step / steps, min(1.0, (step + 1) / steps)
            ends = [(x1 + (x2 - x1) * at, y1 + (y2 - y1) * at) for at in (near, far)]
            pen.line(ends, KEDA, 2)

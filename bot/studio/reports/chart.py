"""Draws sums by day as stacked bars, in a PNG.

The only text is dates and numbers, which every language reads and Pillow's own font has. What the
colours stand for is said beside the picture, by the emoji of the same colours. The background is
the picture's own, so that it looks the same in Discord's dark and light theme.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from storage.domain.quota import DAY

WIDTH, HEIGHT = 960, 460  # pixels; Discord shows it at half that, or a third on a phone
LEFT, RIGHT, TOP, BOTTOM = 112, 28, 34, 78
FONT_SIZE = 35
BAR = 0.72  # of the room that a day has
GRID_LINES = 4
MOST_DATES = 5

BACKGROUND, GRID, TEXT = "#1e1f22", "#3a3c42", "#c4c7cd"


@dataclass(frozen=True, slots=True)
class Series:
    """One part of each bar: the emoji of its colour, and its value for each day."""

    emoji: str
    values: Sequence[float]


COLOURS = {
    "🟩": "#78b159",
    "🟦": "#55acee",
    "🟧": "#f4900c",
    "🟥": "#dd2e44",
    "⬜": "#e6e7e8",
}
"""The colours of Discord's emoji."""


def draw_bars(days: Sequence[int], series: Sequence[Series]) -> bytes:
    """Return a PNG of the series on top of each other; days count from 1970 in UTC."""
    totals = [sum(values) for values in zip(*(one.values for one in series), strict=True)]
    step = _step(max(totals))
    top = step * max(1, math.ceil(max(totals) / step))
    image = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.font = ImageFont.load_default(FONT_SIZE)
    _draw_grid(draw, step, top)
    _draw_dates(draw, days)
    for place in range(len(days)):
        below = 0.0
        left, right = _span(place, len(days))
        for one in series:
            above = below + one.values[place]
            if above > below:
                box = (left, _height(above, top), right, _height(below, top))
                draw.rectangle(_at_least_a_line(box), COLOURS[one.emoji])
            below = above
    data = BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def _step(largest: float) -> float:
    """Return the distance of the grid's lines: 1, 2 or 5 with zeros, so that a few suffice."""
    rough = max(1.0, largest / GRID_LINES)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def _draw_grid(draw: ImageDraw.ImageDraw, step: float, top: float) -> None:
    for number in range(round(top / step) + 1):
        height = _height(number * step, top)
        draw.line((LEFT, height, WIDTH - RIGHT, height), GRID, 2)
        draw.text((LEFT - 14, height), _short(number * step), TEXT, anchor="rm")


def _draw_dates(draw: ImageDraw.ImageDraw, days: Sequence[int]) -> None:
    """Write the dates of a few days, of the last one always."""
    every = math.ceil(len(days) / MOST_DATES)
    for place in range(len(days) - 1, -1, -every):
        left, right = _span(place, len(days))
        date = datetime.datetime.fromtimestamp(days[place] * DAY, datetime.UTC)
        middle = min((left + right) / 2, WIDTH - RIGHT - 1.3 * FONT_SIZE)
        draw.text((middle, HEIGHT - BOTTOM + 18), f"{date:%m-%d}", TEXT, anchor="mt")


def _span(place: int, count: int) -> tuple[float, float]:
    """Return where a day's bar begins and ends."""
    room = (WIDTH - RIGHT - LEFT) / count
    middle, width = LEFT + (place + 0.5) * room, min(BAR * room, 90.0)
    return middle - width / 2, middle + width / 2


def _height(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP)


def _at_least_a_line(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return a box in whole pixels that can be seen, however small its value is."""
    left, above, right, below = map(round, box)
    return left, min(above, below - 2), right, below - 1


def _short(number: float) -> str:
    """Return a number with the letter of its thousands, as everywhere on axes."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"

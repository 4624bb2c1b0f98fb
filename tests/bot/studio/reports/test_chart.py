"""The chart's bars are as high as their values, in the colours of Discord's emoji."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageColor

from bot.studio.reports.chart import COLOURS, HEIGHT, WIDTH, Series, draw_bars


def drawn(*series: Series) -> Image.Image:
    days = range(20_000, 20_000 + len(series[0].values))
    return Image.open(io.BytesIO(draw_bars(days, series))).convert("RGB")


def heights(image: Image.Image, emoji: str) -> list[int]:
    """Return how many pixels of a colour each bar has, from the left."""
    wanted, found = ImageColor.getrgb(COLOURS[emoji]), []
    columns = [
        sum(image.getpixel((x, y)) == wanted for y in range(image.height))
        for x in range(image.width)
    ]
    for before, after in zip(columns, [*columns[1:], 0], strict=True):
        if before and not after:
            found.append(before)
    return found


@pytest.mark.parametrize("largest", [1, 7, 90, 1234, 10**9])
def test_bars_are_as_high_as_their_values(largest: int) -> None:
    image = drawn(Series("🟩", [largest, largest / 2, 0, largest / 4]))
    assert image.size == (WIDTH, HEIGHT)
    high, half, quarter = heights(image, "🟩")
    assert high == pytest.approx(2 * half, abs=2) == pytest.approx(4 * quarter, abs=6)
    assert high > HEIGHT / 3


def test_parts_stand_on_each_other() -> None:
    image = drawn(Series("🟦", [6, 0]), Series("🟧", [3, 3]), Series("🟩", [0, 6]))
    assert [len(heights(image, emoji)) for emoji in ("🟦", "🟧", "🟩")] == [1, 2, 1]
    [left, _] = heights(image, "🟧")
    assert heights(image, "🟦")[0] == pytest.approx(2 * left, abs=3)


@pytest.mark.parametrize("days", [1, 7, 30, 90])
def test_a_day_of_little_use_beside_one_of_much_is_seen(days: int) -> None:
    values = [1] + [0] * (days - 2) + [10_000]
    assert len(heights(drawn(Series("🟥", values[-days:])), "🟥")) == min(2, days)

"""What the colours of a picture of usage stand for, and the picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from bot.studio.reports.chart import Series, draw_bars
from storage.domain.usage.usage import Usage, UsageHistory

Legend: TypeAlias = Mapping[str, tuple[str, Callable[[Usage], int]]]
"""A message key, and the number, by the emoji of each colour."""

CREDITS: Legend = {
    "🟦": ("used_spent", lambda usage: usage.credits),
    "🟧": ("used_refunded", lambda usage: usage.refunded),
    "🟩": ("used_saved", lambda usage: usage.saved),
}
CLIPS: Legend = {
    "🟩": ("used_made", lambda usage: usage.made),
    "🟦": ("used_cached", lambda usage: usage.cached),
    "🟥": ("status_failed", lambda usage: usage.failed),
    "⬜": ("status_cancelled", lambda usage: usage.cancelled),
}


def draw_history(history: UsageHistory, legend: Legend) -> bytes | None:
    """Return a PNG of each day's numbers; None where there is nothing to draw."""
    days = [history.by_day.get(day, Usage()) for day in history.days]
    series = [
        Series(emoji, [number(usage) for usage in days]) for emoji, (_, number) in legend.items()
    ]
    if not any(any(one.values) for one in series):
        return None
    return draw_bars(history.days, series)

"""What was used, in the fields of an embed, and as the picture below them."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Iterator, Mapping

import discord

from bot.discord_ui.cards import bill_text
from bot.discord_ui.client import Interaction
from bot.i18n import Translations
from bot.studio.reports.legend import Legend, draw_history
from storage.domain.usage.usage import Usage, UsageHistory

FIELD_LIMIT = 1024  # characters
NAMED = 10  # people, servers, models or reasons that have a line
NARROW = 40  # characters; a field of longer lines has the whole width
CHART = "usage.png"

_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


class UsageLines:
    """Writes usage in the language of an interaction."""

    def __init__(self, texts: Translations, locale: str) -> None:
        self._texts = texts
        self._locale = locale

    def text(self, key: str, **values: object) -> str:
        """Return a message."""
        return self._texts.text(self._locale, key, **values)

    def duration(self, seconds: float) -> str:
        """Return a duration."""
        return self._texts.duration(self._locale, seconds)

    def credits(self, count: int) -> str:
        """Return an amount of credits."""
        return self.text("quota_credits", count=count)

    def legend(self, legend: Legend, usage: Usage) -> str:
        """Return a line for each colour of a picture, with its sum."""
        return "\n".join(
            f"{emoji} {self.text(key)}: {number(usage)}" for emoji, (key, number) in legend.items()
        )

    def by(self, sums: Mapping[str, Usage], name: Callable[[str], str], others: Usage) -> str:
        """Return a line for each of the largest, and one for all others together."""
        named = list(sums.items())[:NAMED]
        rest = sum((usage for _, usage in list(sums.items())[NAMED:]), others)
        lines = [self._line(name(one), usage) for one, usage in named]
        if rest != Usage():
            lines.append(self._line(self.text("used_others"), rest))
        return _joined(lines)

    def cost_of_clip(self, usage: Usage) -> str:
        """Return what a made clip cost on the average; empty where none was made."""
        if not usage.made:
            return ""
        credits = self.credits(round(usage.credits / usage.made))
        gpu = self.text("used_gpu", seconds=self.duration(usage.all_seconds / usage.made))
        return f"{credits} · {gpu}{bill_text.with_money(usage.money / usage.made)}"

    def waiting(self, history: UsageHistory) -> str:
        """Return how long orders waited; empty where no work was begun."""
        median, most = (history.waiting.quantile(share) for share in (0.5, 0.95))
        if median is None or most is None:
            return ""
        median_text, most_text = self.duration(median), self.duration(most)
        return self.text("used_waited", median=median_text, most=most_text)

    def failures(self, counts: Mapping[str, int]) -> str:
        """Return a line for each of the most frequent reasons."""
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:NAMED]
        return _joined(f"{count} × {self._reason(key)}" for key, count in ranked)

    def _reason(self, key: str) -> str:
        """Return a failure's message; a key of another release is shown itself."""
        return _PLACEHOLDER.sub("…", self.text(key)) if self._texts.has(key) else f"`{key}`"

    def _line(self, name: str, usage: Usage) -> str:
        clips, credits = self.text("used_clips", count=usage.done), self.credits(usage.credits)
        return f"{name}: {clips} · {credits}"


def lines_of(interaction: Interaction) -> UsageLines:
    """Return what writes for the person of an interaction."""
    return UsageLines(interaction.client.texts, interaction.locale.value)


async def chart_of(history: UsageHistory, legend: Legend, about: str) -> discord.File | None:
    """Return a picture of each day's numbers; None where there is nothing to draw."""
    picture = await asyncio.to_thread(draw_history, history, legend)
    if picture is None:
        return None
    return discord.File(io.BytesIO(picture), CHART, description=about)


def embed_of(
    title: str, rows: Iterator[tuple[str, str]], chart: discord.File | None
) -> discord.Embed:
    """Return an embed of those fields that have a value, and the picture below them."""
    embed = discord.Embed(title=title, colour=discord.Colour.blurple())
    for name, value in rows:
        if value:
            widest = max(map(len, value.split("\n")))
            embed.add_field(name=name, value=value, inline=widest <= NARROW)
    if chart is not None:
        embed.set_image(url=f"attachment://{chart.filename}")
    return embed


def _joined(lines: Iterator[str] | list[str]) -> str:
    """Return as many of the lines as a field holds."""
    text = ""
    for line in lines:
        longer = f"{text}\n{line}".strip("\n")
        if len(longer) > FIELD_LIMIT:
            break
        text = longer
    return text

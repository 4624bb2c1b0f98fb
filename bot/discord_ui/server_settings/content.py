"""How strictly pictures are looked at, and which words prompts may not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import discord

from bot.discord_ui.replies import code_block
from bot.discord_ui.server_settings.control import Control
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from bot.studio.content.server_words import read_words
from storage.domain.trust.filter_level import FilterLevel

WORDS = "words"
MOST_TEXT = 4000  # characters of a form's input
SHOWN = 1500  # characters of words on the page


class ContentPage(SettingsPage):
    """The filter's level, and the words."""

    name = "content"
    emoji = "🛡️"
    for_service = True

    async def lines(self, visit: Visit) -> list[str]:
        """Return the level, what it means, and the words."""
        is_on = visit.interaction.client.studio.content.is_on
        words = "\n".join(visit.policy.words)
        return [
            filter_line(visit),
            _about(visit, "settings_filter_server", "settings_filter_service") if is_on else "",
            visit.text("settings_words", count=len(visit.policy.words)),
            code_block(words, SHOWN) if words else "",
            _about(visit, "settings_words_server", "settings_words_service"),
        ]

    async def rows(self, visit: Visit) -> list[list[Control]]:
        """Return a menu of levels, and a button for the words."""
        words = visit.button(WORDS, visit.text("settings_button_words"))
        if not visit.interaction.client.studio.content.is_on:
            return [[words]]
        levels = [
            discord.SelectOption(
                label=visit.text(f"filter_{level}"),
                value=level.value,
                default=level == _level(visit),
            )
            for level in reversed(FilterLevel)
        ]
        return [[visit.menu("level", visit.text("settings_choose_level"), levels)], [words]]

    async def use(self, visit: Visit, control: str, values: Sequence[str]) -> str:
        """Set the level."""
        if control == "level" and values and values[0] in list(FilterLevel):
            await visit.change(lambda policy: replace(policy, filter_level=values[0]))
        return ""

    def form(self, visit: Visit, control: str, _values: Sequence[str]) -> discord.ui.Modal | None:
        """Return the form that asks for the words."""
        if control != WORDS:
            return None
        title = visit.text("settings_button_words")[:45]
        modal = discord.ui.Modal(title=title, custom_id=str(visit.name(WORDS)))
        modal.add_item(
            discord.ui.Label(
                text=visit.text("settings_words_label")[:45],
                description=visit.text("settings_words_hint")[:100],
                component=discord.ui.TextInput(
                    custom_id=WORDS,
                    style=discord.TextStyle.paragraph,
                    required=False,
                    max_length=MOST_TEXT,
                    default="\n".join(visit.policy.words)[:MOST_TEXT] or None,
                ),
            )
        )
        return modal

    async def submit(self, visit: Visit, control: str, answers: Mapping[str, str]) -> None:
        """Set the words; raise BadRequest where one cannot be used."""
        if control == WORDS:
            words = read_words(answers.get(WORDS, ""))
            await visit.change(lambda policy: replace(policy, words=words))


def _about(visit: Visit, server: str, service: str) -> str:
    """Return the text for a server, or that for the whole service."""
    return visit.text(server if visit.guild else service)


def filter_line(visit: Visit) -> str:
    """Return how strictly pictures are looked at, or that nobody does."""
    if not visit.interaction.client.studio.content.is_on:
        return visit.text("settings_filter_absent")
    return visit.text("settings_filter", level=visit.text(f"filter_{_level(visit)}"))


def _level(visit: Visit) -> FilterLevel:
    chosen = visit.policy.filter_level
    return FilterLevel(chosen) if chosen in list(FilterLevel) else FilterLevel.NORMAL

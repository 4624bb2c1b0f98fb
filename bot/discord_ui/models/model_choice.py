"""Completes a command's option `model` from what can be ordered, and is served, now."""

from __future__ import annotations

from discord import app_commands

from bot.discord_ui.client import Interaction
from bot.discord_ui.models import model_text
from bot.studio.models.availability import Availability

CHOICES = 25  # the most that Discord shows
CHOICE_LIMIT = 100  # characters of one


async def complete_model(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the models that can be ordered and are named like this, those with workers first."""
    client, locale = interaction.client, interaction.locale.value
    places = {one: place for place, one in enumerate(Availability)}
    found = [
        status
        for status in await client.studio.reports.models()
        if status.credits is not None and current.strip().lower() in status.name.lower()
    ]
    found.sort(key=lambda status: places[status.availability])
    return [
        app_commands.Choice(
            name=model_text.choice(client.texts, locale, status)[:CHOICE_LIMIT], value=status.name
        )
        for status in found[:CHOICES]
    ]

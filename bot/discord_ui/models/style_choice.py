"""Completes the names of styles while somebody types them."""

from __future__ import annotations

from discord import app_commands

from bot.discord_ui.client import Interaction
from bot.discord_ui.models.model_choice import CHOICES


async def complete_style(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the person's styles whose names have these letters; a scale that is typed stays."""
    names = await interaction.client.studio.styles.names(str(interaction.user.id))
    typed, _, scale = current.strip().partition(" ")
    texts = [f"{name} {scale}".strip() for name in names if typed.casefold() in name]
    return [app_commands.Choice(name=text, value=text) for text in texts[:CHOICES]]


async def complete_own_style(
    interaction: Interaction, current: str
) -> list[app_commands.Choice[str]]:
    """Return the names of the styles that the person has uploaded, as far as they have these."""
    names = await interaction.client.studio.styles.own(str(interaction.user.id))
    fitting = [name for name in names if current.strip().casefold() in name]
    return [app_commands.Choice(name=name, value=name) for name in fitting[:CHOICES]]

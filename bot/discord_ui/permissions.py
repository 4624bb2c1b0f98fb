"""Whether the bot and a person may post a clip in a channel."""

from __future__ import annotations

import discord

from bot.discord_ui.client import Interaction
from storage.domain.errors import NotAllowed

_REQUIRED = ("view_channel", "attach_files")


def check_permissions(interaction: Interaction) -> None:
    """Raise NotAllowed if the bot or this person lacks a permission to post a clip here."""
    if interaction.guild_id is None:
        return  # a direct message needs none
    thread = isinstance(interaction.channel, discord.Thread)
    for key, missing in (
        ("denied_bot_permissions", missing_permissions(interaction.app_permissions, thread)),
        ("denied_your_permissions", missing_permissions(interaction.permissions, thread)),
    ):
        if missing:
            texts, locale = interaction.client.texts, interaction.locale.value
            names = ", ".join(texts.text(locale, f"permission_{name}") for name in missing)
            raise NotAllowed(key, permissions=names)


def missing_permissions(permissions: discord.Permissions, thread: bool) -> list[str]:
    """Return the names of those missing of what bot and person need to post a clip."""
    if permissions.administrator:
        return []
    send = "send_messages_in_threads" if thread else "send_messages"
    return [name for name in (*_REQUIRED, send) if not getattr(permissions, name)]


def can_moderate(interaction: Interaction) -> bool:
    """Tell whether this person may delete other people's messages here."""
    return interaction.guild_id is not None and interaction.permissions.manage_messages

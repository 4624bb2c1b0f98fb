"""Who ordered, and which message will show the clip."""

from __future__ import annotations

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.studio.orders import Requester
from storage.domain.job import ReplyTarget

FRONT_END = "discord"


async def defer(interaction: Interaction) -> Requester:
    """Acknowledge an order by a deferred public message; return who ordered."""
    response = await interaction.response.defer(thinking=True)
    return Requester(
        owner=str(interaction.user.id),
        locale=interaction.client.texts.nearest(interaction.locale.value),
        reply_to=ReplyTarget(
            front=FRONT_END,
            guild=str(interaction.guild_id or ""),
            channel=str(interaction.channel_id or ""),
            message=str((response and response.message_id) or ""),
            token=interaction.token,
            token_expires=interaction.expires_at.timestamp(),
            application=str(interaction.application_id),
        ),
        size_limit=interaction.filesize_limit,
    )


def size_limit(client: MutoscopeClient, guild: int | None) -> int:
    """Return the size limit of files in bytes where there is no interaction that names it."""
    known = client.get_guild(guild) if guild else None
    return known.filesize_limit if known else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES

"""Places: where an order came from, whether we may answer there, and how large a file may be."""

from __future__ import annotations

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.studio.orders import Requester
from storage.domain.errors import NotAllowed
from storage.domain.job import ReplyTarget

FRONT_END = "discord"

_NEEDED = ("view_channel", "attach_files", "embed_links")


def requester(interaction: Interaction, message: int | None) -> Requester:
    """Return who orders by this interaction, to be answered by editing the given message."""
    return Requester(
        owner=str(interaction.user.id),
        locale=interaction.client.texts.nearest(interaction.locale.value),
        reply_to=ReplyTarget(
            front=FRONT_END,
            guild=str(interaction.guild_id or ""),
            channel=str(interaction.channel_id or ""),
            message=str(message or ""),
            token=interaction.token,
            token_expires=interaction.expires_at.timestamp(),
            application=str(interaction.application_id),
        ),
        size_limit=interaction.filesize_limit,
    )


def check_permissions(interaction: Interaction) -> None:
    """Raise NotAllowed where we could not post a clip, or this person may not post one."""
    if interaction.guild_id is None:
        return  # in a direct message both may
    thread = isinstance(interaction.channel, discord.Thread)
    lacks = missing_permissions(interaction.app_permissions, thread)
    if lacks:
        raise NotAllowed("denied_bot_permissions", permissions=_listed(interaction, lacks))
    lacks = missing_user_permissions(interaction.permissions, thread)
    if lacks:
        raise NotAllowed("denied_your_permissions", permissions=_listed(interaction, lacks))


def missing_permissions(permissions: discord.Permissions, thread: bool) -> list[str]:
    """Return the names of the permissions that posting a clip needs and that are not there."""
    if permissions.administrator:
        return []
    send = "send_messages_in_threads" if thread else "send_messages"
    return [name for name in (*_NEEDED, send) if not getattr(permissions, name)]


def missing_user_permissions(permissions: discord.Permissions, thread: bool) -> list[str]:
    """Return the names of the permissions that a person lacks; the embeds are ours alone."""
    return [name for name in missing_permissions(permissions, thread) if name != "embed_links"]


def _listed(interaction: Interaction, names: list[str]) -> str:
    texts = interaction.client.texts
    return ", ".join(texts.text(interaction.locale.value, f"permission_{name}") for name in names)


def can_moderate(interaction: Interaction) -> bool:
    """Tell whether this person may remove other people's messages here."""
    return interaction.guild_id is not None and interaction.permissions.manage_messages


def size_limit(client: MutoscopeClient, guild: int | None) -> int:
    """Return how large a file may be where no interaction tells us."""
    known = client.get_guild(guild) if guild else None
    return known.filesize_limit if known else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES

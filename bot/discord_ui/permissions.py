"""Whether the bot and a person may post a clip in a channel."""

from __future__ import annotations

import discord

from bot.discord_ui.client import Interaction
from bot.discord_ui.trust.places import place_of
from storage.domain.errors import NotAllowed
from storage.domain.job import Job

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
    return place_of(interaction).moderates


def can_moderate_job(interaction: Interaction, job: Job) -> bool:
    """Tell whether this person may cancel and delete another's job: a moderator where it is shown.

    That is in a channel of this server; operators may anywhere. A job's id comes from a custom_id,
    which says nothing of where the job belongs.
    """
    if interaction.client.studio.is_operator(str(interaction.user.id)):
        return True
    shown, here = job.reply_to, place_of(interaction)
    if not here.guild or shown.guild != here.guild:
        return False
    return moderates_channel(interaction, shown.channel)


def moderates_channel(interaction: Interaction, name: str) -> bool:
    """Tell whether this person may delete other people's messages in a channel of this server."""
    here = place_of(interaction)
    if name == here.channel:
        return here.moderates
    server, member = interaction.guild, interaction.user
    if server is None or not isinstance(member, discord.Member):
        return False
    known = int(name) if name.isdigit() else 0
    channel = server.get_channel_or_thread(known)
    allowed = channel.permissions_for(member) if channel else member.guild_permissions
    return allowed.administrator or allowed.manage_messages

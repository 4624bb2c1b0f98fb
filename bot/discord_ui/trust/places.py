"""Reads from an interaction or an event where, and with what rights, a person acts."""

from __future__ import annotations

from typing import Any

import discord

from storage.domain.trust.place import Place


def place_of(interaction: discord.Interaction[Any]) -> Place:
    """Return where an interaction was made; Discord says all of it, nothing is asked for."""
    member, channel = interaction.user, interaction.channel
    return _place(
        str(interaction.guild_id or ""),
        str(interaction.channel_id or ""),
        channel,
        member if isinstance(member, discord.Member) else None,
        interaction.permissions,
    )


def place_of_member(
    guild: discord.Guild | None, channel_id: int, member: discord.Member | None
) -> Place:
    """Return where a member acted whose event names the channel alone; None in direct messages."""
    channel = guild.get_channel_or_thread(channel_id) if guild is not None else None
    allowed = discord.Permissions.none()
    if channel is not None and member is not None:
        allowed = channel.permissions_for(member)
    return _place(str(guild.id) if guild else "", str(channel_id), channel, member, allowed)


def _place(
    guild: str,
    channel_id: str,
    channel: Any,
    member: discord.Member | None,
    allowed: discord.Permissions,
) -> Place:
    if not guild:
        return Place(channel=channel_id)
    # Their ids: where the bot is in no server of them, discord.py knows no roles of it.
    roles = member._roles if member is not None else ()
    return Place(
        guild=guild,
        channel=channel_id,
        parents=_parents(channel),
        roles=tuple(map(str, roles)),
        age_restricted=_is_age_restricted(channel),
        moderates=allowed.administrator or allowed.manage_messages,
        manages=allowed.administrator or allowed.manage_guild,
    )


def _parents(channel: Any) -> tuple[str, ...]:
    """Return the ids of a thread's channel and of the category, as far as they are known."""
    found: list[int | None] = []
    if isinstance(channel, discord.Thread):
        found.append(channel.parent_id)
        channel = channel.parent  # None where Discord has not told of it
    found.append(getattr(channel, "category_id", None))
    return tuple(str(one) for one in found if one)


def _is_age_restricted(channel: Any) -> bool:
    """Tell whether a channel is age-restricted; a thread is where its channel is."""
    return bool(channel is not None and getattr(channel, "is_nsfw", bool)())

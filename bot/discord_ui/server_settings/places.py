"""Where and by whom clips may be ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord

from bot.discord_ui.server_settings.control import Control
from bot.discord_ui.server_settings.page import SettingsPage, Visit

MOST = 25  # values of a menu
ORDERABLE = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.category,
]
"""Threads count as the channel that they are in."""


class PlacesPage(SettingsPage):
    """Allowed channels and roles."""

    name = "places"
    emoji = "📍"

    async def lines(self, visit: Visit) -> list[str]:
        """Return both lists."""
        policy = visit.policy
        channels = " ".join(f"<#{one}>" for one in policy.channels)
        roles = " ".join(role_text(one, visit.guild) for one in policy.roles)
        return [
            visit.text("settings_channels", list=channels or visit.text("settings_everywhere")),
            visit.text("settings_roles", list=roles or visit.text("settings_everybody")),
            visit.text("settings_places_about"),
        ]

    async def rows(self, visit: Visit) -> list[list[Control]]:
        """Return a menu of channels and one of roles, each with what is set chosen."""
        channels: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
            custom_id=str(visit.name("channels")),
            channel_types=ORDERABLE,
            placeholder=visit.text("settings_choose_channels"),
            default_values=defaults(visit.policy.channels, "channel"),
            min_values=0,
            max_values=MOST,
        )
        roles: discord.ui.RoleSelect[Any] = discord.ui.RoleSelect(
            custom_id=str(visit.name("roles")),
            placeholder=visit.text("settings_choose_roles"),
            default_values=defaults(visit.policy.roles, "role"),
            min_values=0,
            max_values=MOST,
        )
        return [[Control(channels)], [Control(roles)]]

    async def use(self, visit: Visit, control: str, values: Sequence[str]) -> str:
        """Set one of the lists."""
        chosen = tuple(values)
        if control == "channels":
            await visit.change(lambda policy: replace(policy, channels=chosen))
        elif control == "roles":
            await visit.change(lambda policy: replace(policy, roles=chosen))
        return ""


def defaults(ids: Sequence[str], kind: str) -> list[discord.SelectDefaultValue]:
    """Return what a menu of channels or roles has chosen."""
    types = {
        "channel": discord.SelectDefaultValueType.channel,
        "role": discord.SelectDefaultValueType.role,
    }
    return [discord.SelectDefaultValue(id=int(one), type=types[kind]) for one in ids[:MOST]]


def role_text(role: str, guild: str) -> str:
    """Return a role as it is shown; the one of the server's own id is everybody's."""
    return "@everyone" if role == guild else f"<@&{role}>"

"""Where and by whom clips may be ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord

from bot.discord_ui.server_settings.control import Control
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from storage.domain.errors import BadRequest
from storage.domain.trust.policy import ServerPolicy

MOST = 25  # values of a menu
MOST_PLACES = 100  # channels, and as many roles
LISTED = 50  # of each, in the text of a page
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
        return [
            visit.text("settings_channels", list=channels_text(visit)),
            visit.text("settings_roles", list=_roles_text(visit)),
            visit.text("settings_places_about"),
            visit.text("settings_places_more", count=MOST) if _parts(policy) > 1 else "",
        ]

    async def rows(self, visit: Visit) -> list[list[Control]]:
        """Return a menu of channels and one of roles, each with a part of what is set chosen.

        The subject is the part's number; where there are several, buttons lead to the others.
        """
        part, parts = _part(visit), _parts(visit.policy)
        channels: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
            custom_id=str(visit.name("channels")),
            channel_types=ORDERABLE,
            placeholder=visit.text("settings_choose_channels"),
            default_values=defaults(_in_part(visit.policy.channels, part), "channel"),
            min_values=0,
            max_values=MOST,
        )
        roles: discord.ui.RoleSelect[Any] = discord.ui.RoleSelect(
            custom_id=str(visit.name("roles")),
            placeholder=visit.text("settings_choose_roles"),
            default_values=defaults(_in_part(visit.policy.roles, part), "role"),
            min_values=0,
            max_values=MOST,
        )
        buttons = []
        if part > 0:
            label = visit.text("settings_button_previous", count=MOST)
            buttons.append(visit.button("previous", label, subject=str(part - 1)))
        if part + 1 < parts:
            label = visit.text("settings_button_next", count=MOST)
            buttons.append(visit.button("next", label, subject=str(part + 1)))
        return [[Control(channels)], [Control(roles)], *([buttons] if buttons else [])]

    async def use(self, visit: Visit, control: str, values: Sequence[str]) -> str:
        """Add to one of the lists what was chosen, and remove what is chosen no more."""
        if control not in ("channels", "roles"):
            return visit.subject
        shown = _shown(visit, control)

        def change(policy: ServerPolicy) -> ServerPolicy:
            kept = [one for one in getattr(policy, control) if one in values or one not in shown]
            kept += [one for one in values if one not in kept]
            if len(kept) > MOST_PLACES:
                raise BadRequest("request_too_many_places", limit=MOST_PLACES)
            chosen: dict[str, Any] = {control: tuple(kept)}
            return replace(policy, **chosen)

        await visit.change(change)
        return visit.subject


def _part(visit: Visit) -> int:
    """Return the number of the part of the lists that the menus are about."""
    return min(int(visit.subject or 0) if visit.subject.isdigit() else 0, _parts(visit.policy) - 1)


def _parts(policy: ServerPolicy) -> int:
    """Return how many parts there are; in the last one there is room for more."""
    longest = max(len(policy.channels), len(policy.roles))
    return min(longest // MOST + 1, MOST_PLACES // MOST)


def _in_part(ids: Sequence[str], part: int) -> Sequence[str]:
    return ids[part * MOST : (part + 1) * MOST]


def _shown(visit: Visit, control: str) -> set[str]:
    """Return what a menu of the message had chosen before it was used."""
    message, name = visit.interaction.message, str(visit.name(control))
    rows = message.components if message is not None else []
    menus = [part for row in rows if isinstance(row, discord.ActionRow) for part in row.children]
    return {
        str(value.id)
        for menu in menus
        if isinstance(menu, discord.SelectMenu) and menu.custom_id == name
        for value in menu.default_values
    }


def channels_text(visit: Visit) -> str:
    """Return the channels in which clips may be ordered."""
    found = [f"<#{one}>" for one in visit.policy.channels]
    return _listed(visit, found) or visit.text("settings_everywhere")


def _roles_text(visit: Visit) -> str:
    found = [role_text(one, visit.guild) for one in visit.policy.roles]
    return _listed(visit, found) or visit.text("settings_everybody")


def _listed(visit: Visit, found: Sequence[str]) -> str:
    more = len(found) - LISTED
    rest = [visit.text("settings_more_places", count=more)] if more > 0 else []
    return " ".join([*found[:LISTED], *rest])


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

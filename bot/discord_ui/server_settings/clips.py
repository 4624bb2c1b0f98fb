"""How long a server's clips are kept, and where its moderators are told of reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord

from bot.discord_ui.server_settings.control import Control
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from bot.discord_ui.server_settings.places import defaults

DAYS = (0, 1, 3, 7, 14, 30, 60, 90, 180, 365)
"""0: as long as the service keeps them."""


class ClipsPage(SettingsPage):
    """Retention and the moderators' channel."""

    name = "clips"
    emoji = "🎞️"

    async def lines(self, visit: Visit) -> list[str]:
        """Return both settings."""
        policy = visit.policy
        there = f"<#{policy.reports}>" if policy.reports else visit.text("settings_no_reports")
        return [
            visit.text("settings_retention", days=_days_text(visit, policy.retention_days)),
            visit.text("settings_reports", channel=there),
            visit.text("settings_clips_about"),
        ]

    async def rows(self, visit: Visit) -> list[list[Control]]:
        """Return a menu of days, and one of channels."""
        days = [
            discord.SelectOption(
                label=_days_text(visit, one),
                value=str(one),
                default=one == visit.policy.retention_days,
            )
            for one in DAYS
        ]
        channel: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
            custom_id=str(visit.name("reports")),
            channel_types=[discord.ChannelType.text],
            placeholder=visit.text("settings_choose_reports"),
            default_values=defaults(tuple(filter(None, [visit.policy.reports])), "channel"),
            min_values=0,
        )
        menu = visit.menu("days", visit.text("settings_choose_days"), days)
        return [[menu], [Control(channel)]]

    async def use(self, visit: Visit, control: str, values: Sequence[str]) -> str:
        """Set one of them."""
        if control == "days" and values[0] in map(str, DAYS):
            await visit.change(lambda policy: replace(policy, retention_days=int(values[0])))
        elif control == "reports":
            channel = values[0] if values else ""
            await visit.change(lambda policy: replace(policy, reports=channel))
        return ""


def _days_text(visit: Visit, days: int) -> str:
    if days:
        return visit.text("settings_days", count=days)
    return visit.text("settings_days_service")

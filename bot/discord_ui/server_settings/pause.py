"""Maintenance: no orders are taken, in a server or in the whole service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import discord

from bot.discord_ui.replies import quote
from bot.discord_ui.server_settings.control import Control
from bot.discord_ui.server_settings.page import SettingsPage, Visit
from storage.domain.trust.policy import Maintenance

TEXT_LIMIT = 300  # characters
TEXT = "text"


class PausePage(SettingsPage):
    """Pauses orders with a text, and takes them again."""

    name = "pause"
    emoji = "⏸️"
    for_service = True

    async def lines(self, visit: Visit) -> list[str]:
        """Return whether orders are taken."""
        paused = visit.policy.maintenance
        if paused is None:
            return [visit.text("settings_open"), visit.text("settings_pause_about")]
        line = visit.text("settings_paused", since=f"<t:{int(paused.since)}:R>")
        return [line, quote(paused.text, TEXT_LIMIT), visit.text("settings_pause_about")]

    async def rows(self, visit: Visit) -> list[list[Control]]:
        """Return a button that pauses, or those that change the text and resume."""
        style = discord.ButtonStyle.danger
        pause = visit.button("pause", visit.text("settings_button_pause"), style)
        if visit.policy.maintenance is None:
            return [[pause]]
        style = discord.ButtonStyle.success
        return [[visit.button("resume", visit.text("settings_button_resume"), style), pause]]

    def form(self, visit: Visit, control: str, _values: Sequence[str]) -> discord.ui.Modal | None:
        """Return the form that asks what people are told."""
        if control != "pause":
            return None
        paused = visit.policy.maintenance
        title = visit.text("settings_pause_title")[:45]
        modal = discord.ui.Modal(title=title, custom_id=str(visit.name("pause")))
        modal.add_item(
            discord.ui.Label(
                text=visit.text("settings_pause_text")[:45],
                component=discord.ui.TextInput(
                    custom_id=TEXT,
                    required=False,
                    max_length=TEXT_LIMIT,
                    default=paused.text if paused is not None else None,
                ),
            )
        )
        return modal

    async def submit(self, visit: Visit, control: str, answers: Mapping[str, str]) -> None:
        """Take no orders from now on."""
        if control == "pause":
            since = visit.interaction.created_at.timestamp()
            text = " ".join(answers.get(TEXT, "").split())[:TEXT_LIMIT]
            await visit.change(lambda old: replace(old, maintenance=Maintenance(since, text)))

    async def use(self, visit: Visit, control: str, _values: Sequence[str]) -> str:
        """Take orders again."""
        if control == "resume":
            await visit.change(lambda policy: replace(policy, maintenance=None))
        return ""

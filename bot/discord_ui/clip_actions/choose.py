"""The numbered buttons under drafts: each orders one of them in full."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord_ui.client import Interaction
from bot.discord_ui.dynamic_button import DynamicButton
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import answer_once
from bot.discord_ui.requester import run_order
from bot.discord_ui.visibility import job_for
from bot.studio.privacy.private_orders import is_private

FIRST_ROW, ROW_LENGTH = 1, 5
"""Discord shows five buttons in a row; the first row has those of every card."""


class ChooseButton(DynamicButton, template=r"choose:(?P<number>[1-8]):(?P<job>[0-9a-f]{16})"):
    """Orders the draft of this number in full; the custom_id holds number and job."""

    def __init__(self, number: str, job: str, picked: bool = False) -> None:
        style = discord.ButtonStyle.success if picked else discord.ButtonStyle.secondary
        super().__init__(
            discord.ui.Button(
                label=number,
                emoji="⭐" if picked else None,
                style=style,
                custom_id=f"choose:{number}:{job}",
                row=FIRST_ROW + (int(number) - 1) // ROW_LENGTH,
            )
        )
        self.number = int(number)
        self.job = job

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Order the clip in a message of its own; a double press counts once."""
        await answer_once(interaction, self.job, self.custom_id, self._order)

    async def _order(self, interaction: Interaction) -> None:
        check_permissions(interaction)
        studio = interaction.client.studio
        private = is_private((await job_for(interaction, self.job)).request)
        await run_order(
            interaction,
            lambda requester: studio.follow_ups.choose(self.job, self.number, requester),
            private=private,
        )

"""The menu under a finished clip: upscale, smooth, loop, reverse, or another file format.

The job is in the custom_id, so that the menu of every message works after a restart. Each choice
is an order of its own, charged to whoever chooses.
"""

from __future__ import annotations

import re
from typing import Any, Self

import discord

from bot.discord_ui.client import Interaction
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import answer_once
from bot.discord_ui.requester import run_order
from bot.discord_ui.visibility import job_for
from bot.i18n import Translations
from bot.studio.clips.finish_action import FinishAction
from bot.studio.privacy.private_orders import is_private
from storage.domain.errors import BadRequest

ACTION = "finish"
ROW = 1
EMOJIS = {
    FinishAction.UPSCALE_2: "🔎",
    FinishAction.UPSCALE_4: "🔬",
    FinishAction.SMOOTH: "🎞️",
    FinishAction.LOOP: "♾️",
    FinishAction.REVERSE: "⏪",
    FinishAction.GIF: "🖼️",
    FinishAction.WEBP: "🖼️",
}


class FinishMenu(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=rf"{ACTION}:(?P<job>[0-9a-f]{{16}})",
):
    """The menu of one job's message."""

    def __init__(self, job: str, select: discord.ui.Select[Any]) -> None:
        super().__init__(select, row=ROW)
        self.job = job

    @classmethod
    def of(cls, job: str, locale: str, texts: Translations) -> Self:
        """Return the menu in a language."""
        options = [
            discord.SelectOption(
                label=texts.text(locale, f"finish_{action.value}"),
                value=action.value,
                emoji=emoji,
            )
            for action, emoji in EMOJIS.items()
        ]
        placeholder = texts.text(locale, "finish_menu")
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id=f"{ACTION}:{job}", placeholder=placeholder, options=options
        )
        return cls(job, select)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 (the base class passes it)
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the menu with this custom_id, as the message shows it."""
        assert isinstance(item, discord.ui.Select)
        return cls(match["job"], item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Order what was chosen, or reply why it is not possible; a double choice counts once."""
        value = next(iter(self.item.values), "")
        await answer_once(interaction, self.job, f"{self.custom_id} {value}", self._order)

    async def _order(self, interaction: Interaction) -> None:
        check_permissions(interaction)
        action = _action(next(iter(self.item.values), ""))
        studio = interaction.client.studio
        private = is_private((await job_for(interaction, self.job)).request)
        await run_order(
            interaction,
            lambda requester: studio.follow_ups.finish(self.job, requester, action),
            private=private,
        )


def _action(value: str) -> FinishAction:
    """Return what an entry stands for; raise BadRequest for one of another version of the bot."""
    try:
        return FinishAction(value)
    except ValueError as error:
        raise BadRequest("request_entry_unknown") from error

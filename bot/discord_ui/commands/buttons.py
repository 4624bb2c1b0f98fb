"""Buttons: Retry, Tweak, Details, Delete and Cancel under a job's message, alive over any restart.

What a button does and for which job stands in its custom_id, so nothing has to be remembered.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeAlias

import discord

from bot.discord_ui.cards.details import show
from bot.discord_ui.client import Interaction
from bot.discord_ui.commands.tweak import ask
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.requester import can_moderate, check_permissions, requester
from bot.i18n import Translations
from storage.domain.errors import JobGone

Action: TypeAlias = Callable[[Interaction, str], Awaitable[None]]

LOOKS = {
    "again": ("🔁", discord.ButtonStyle.primary),
    "tweak": ("🎛️", discord.ButtonStyle.secondary),
    "details": ("ℹ️", discord.ButtonStyle.secondary),
    "delete": ("🗑️", discord.ButtonStyle.danger),
    "cancel": ("✖️", discord.ButtonStyle.danger),
}


class JobButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"(?P<action>again|tweak|details|delete|cancel):(?P<job>[0-9a-f]{16})",
):
    """One button of a job's message."""

    def __init__(self, action: str, job: str, label: str = "") -> None:
        emoji, style = LOOKS[action]
        super().__init__(
            discord.ui.Button(
                label=label or None, emoji=emoji, style=style, custom_id=f"{action}:{job}"
            )
        )
        self.action = action
        self.job = job

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 (the base class passes it)
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the button that a custom_id stands for."""
        return cls(match["action"], match["job"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says, or tell why not."""
        async with reply_errors(interaction, interaction.client.texts):
            await ACTIONS[self.action](interaction, self.job)


def view_of(
    actions: tuple[str, ...], job: str, locale: str, texts: Translations
) -> discord.ui.View:
    """Return the row of buttons for a job's message."""
    view = discord.ui.View(timeout=None)
    for action in actions:
        view.add_item(JobButton(action, job, texts.text(locale, f"button_{action}")))
    return view


async def again(interaction: Interaction, job: str) -> None:
    """Make the clip anew with another seed, in a message of its own."""
    check_permissions(interaction)
    response = await interaction.response.defer(thinking=True)
    message = response.message_id if response else None
    await interaction.client.studio.retry(job, requester(interaction, message))


async def tweak(interaction: Interaction, job: str) -> None:
    """Show the form filled with this clip's parameters."""
    check_permissions(interaction)
    await ask(interaction, await interaction.client.studio.job(job))


async def cancel(interaction: Interaction, job: str) -> None:
    """End a job that waits or runs; its card then says so."""
    await interaction.response.defer()
    await interaction.client.studio.cancel(job, str(interaction.user.id))


async def delete(interaction: Interaction, job: str) -> None:
    """Remove a clip and its message."""
    await interaction.response.defer()
    studio = interaction.client.studio
    moderates = can_moderate(interaction)
    try:
        await studio.delete(job, None if moderates else str(interaction.user.id))
    except JobGone:
        if not moderates:
            raise
    await interaction.delete_original_response()


ACTIONS: dict[str, Action] = {
    "again": again,
    "tweak": tweak,
    "details": show,
    "cancel": cancel,
    "delete": delete,
}

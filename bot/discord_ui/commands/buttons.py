"""The buttons Retry, Tweak, Details, Delete and Cancel under a job's message.

The action and the job are in the custom_id (a discord.ui.DynamicItem), so that the buttons of
every message work after a restart. The custom_id of Retry says "again".
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeAlias

import discord

from bot.discord_ui.cards.details import show_details
from bot.discord_ui.client import Interaction
from bot.discord_ui.commands.tweak import show_form
from bot.discord_ui.permissions import can_moderate, check_permissions
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.requester import defer
from bot.i18n import Translations
from storage.domain.errors import JobGone
from storage.logs import log_job

ButtonHandler: TypeAlias = Callable[[Interaction, str], Awaitable[None]]

STYLES = {
    "again": ("🔁", discord.ButtonStyle.primary),
    "tweak": ("🎛️", discord.ButtonStyle.secondary),
    "details": ("ℹ️", discord.ButtonStyle.secondary),
    "delete": ("🗑️", discord.ButtonStyle.danger),
    "cancel": ("✖️", discord.ButtonStyle.danger),
}


class JobButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"(?P<action>{'|'.join(STYLES)}):(?P<job>[0-9a-f]{{16}})",
):
    """One button of a job's message."""

    def __init__(self, action: str, job: str, label: str = "") -> None:
        emoji, style = STYLES[action]
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
        """Return the button with this custom_id."""
        return cls(match["action"], match["job"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Run the button's action, or reply why it is not possible."""
        with log_job(self.job):
            async with reply_errors(interaction, interaction.client.texts):
                await HANDLERS[self.action](interaction, self.job)


def button_view(
    actions: tuple[str, ...], job: str, locale: str, texts: Translations
) -> discord.ui.View:
    """Return the view with these buttons of a job."""
    view = discord.ui.View(timeout=None)
    for action in actions:
        view.add_item(JobButton(action, job, texts.text(locale, f"button_{action}")))
    return view


async def retry(interaction: Interaction, job: str) -> None:
    """Order the clip with another seed, in a message of its own."""
    check_permissions(interaction)
    await interaction.client.studio.retry(job, await defer(interaction))


async def tweak(interaction: Interaction, job: str) -> None:
    """Open the form, filled with this clip's parameters."""
    check_permissions(interaction)
    await show_form(interaction, await interaction.client.studio.job(job))


async def cancel(interaction: Interaction, job: str) -> None:
    """Cancel a waiting or running job; the delivery then edits its message."""
    await interaction.response.defer()
    await interaction.client.studio.cancel(job, str(interaction.user.id))


async def delete(interaction: Interaction, job: str) -> None:
    """Delete a clip and its message."""
    await interaction.response.defer()
    studio = interaction.client.studio
    moderator = can_moderate(interaction)
    try:
        await studio.delete(job, None if moderator else str(interaction.user.id))
    except JobGone:
        if not moderator:
            raise
    await interaction.delete_original_response()


HANDLERS: dict[str, ButtonHandler] = {
    "again": retry,
    "tweak": tweak,
    "details": show_details,
    "cancel": cancel,
    "delete": delete,
}

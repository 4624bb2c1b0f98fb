"""The buttons under a job's message: Retry, Tweak, Details, Delete, Cancel and Fetch.

The action and the job are in the custom_id, so that the buttons of every message work after a
restart. The custom_id of Retry says "again".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import discord

from bot.discord_ui.cards.card import Card
from bot.discord_ui.cards.card_renderer import CardRenderer
from bot.discord_ui.cards.details import show_details
from bot.discord_ui.client import Interaction
from bot.discord_ui.commands.dynamic_button import DynamicButton
from bot.discord_ui.commands.tweak import show_form
from bot.discord_ui.permissions import can_moderate, check_permissions
from bot.discord_ui.replies import (
    BLOCKED_BY_AUTOMOD,
    NO_MENTIONS,
    ignore_repetition,
    reply_errors,
)
from bot.discord_ui.requester import run_order
from bot.i18n import Translations
from storage.domain.errors import JobGone, NotAllowed
from storage.domain.job import Job
from storage.logs import log_job

ButtonHandler: TypeAlias = Callable[[Interaction, str], Awaitable[None]]

REQUEST_TOO_LARGE = 40005  # Discord's error code

ONCE = ("again", "cancel", "delete")
"""Two presses of one of these buttons by one person within a second are one."""

STYLES = {
    "again": ("🔁", discord.ButtonStyle.primary),
    "tweak": ("🎛️", discord.ButtonStyle.secondary),
    "details": ("ℹ️", discord.ButtonStyle.secondary),
    "delete": ("🗑️", discord.ButtonStyle.danger),
    "cancel": ("✖️", discord.ButtonStyle.danger),
    "fetch": ("📥", discord.ButtonStyle.primary),
}


class JobButton(
    DynamicButton,
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

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Run the button's action, or reply why it is not possible; a double press counts once."""
        client = interaction.client
        if not client.is_new(interaction):
            return
        with log_job(self.job):
            if self.action in ONCE and not client.is_first_press(interaction, self.custom_id):
                await ignore_repetition(interaction)
                return
            async with reply_errors(interaction, client.texts):
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
    studio = interaction.client.studio
    await run_order(interaction, lambda requester: studio.retry(job, requester))


async def tweak(interaction: Interaction, job: str) -> None:
    """Open the form, filled with this clip's parameters."""
    check_permissions(interaction)
    await show_form(interaction, await interaction.client.studio.job(job))


async def cancel(interaction: Interaction, job: str) -> None:
    """Cancel a waiting or running job; the delivery then edits its message."""
    await interaction.response.defer()
    owner = None if can_moderate(interaction) else str(interaction.user.id)
    await interaction.client.studio.cancel(job, owner)


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


async def fetch(interaction: Interaction, job_id: str) -> None:
    """Show the owner the outcome of a job, with the clip's file."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    studio = interaction.client.studio
    job = await studio.job(job_id)
    if job.owner != str(interaction.user.id):
        raise NotAllowed("denied_not_owner")
    renderer = CardRenderer(interaction.client.texts, studio.admission.catalogue)
    card = renderer.ended_without_clip(job)
    if job.clip is not None:
        data = await studio.clip_file(job.clip)
        card = renderer.lost(job) if data is None else renderer.done(job, job.clip, data)
    try:
        await _send_fetched(interaction, job, card)
    except discord.HTTPException as error:
        if error.code == BLOCKED_BY_AUTOMOD:
            await _send_fetched(interaction, job, card.without_prompt())
        elif job.clip is None or (error.status != 413 and error.code != REQUEST_TOO_LARGE):
            raise
        else:
            await _send_fetched(interaction, job, renderer.too_large(job, job.clip))
            return
    await studio.deliveries.fetched(job.id)


async def _send_fetched(interaction: Interaction, job: Job, card: Card) -> None:
    texts, locale = interaction.client.texts, interaction.locale.value
    await interaction.edit_original_response(
        content=card.content,
        attachments=[card.attachment.to_file()] if card.attachment else [],
        view=button_view(("again", "tweak", "details"), job.id, locale, texts),
        allowed_mentions=NO_MENTIONS,
    )


HANDLERS: dict[str, ButtonHandler] = {
    "again": retry,
    "tweak": tweak,
    "details": show_details,
    "cancel": cancel,
    "delete": delete,
    "fetch": fetch,
}

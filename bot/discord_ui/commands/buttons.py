"""The buttons of a job: Retry, Tweak, Details, Delete, Cancel, and those of other packages.

The action and the job are in the custom_id, so that the buttons of every message work after a
restart. The custom_id of Retry says "again".
"""

from __future__ import annotations

import contextlib
from typing import Any

import discord

from bot.discord_ui.client import Interaction, JobAction
from bot.discord_ui.clip_actions import finish_menu
from bot.discord_ui.clip_actions.choose import ChooseButton
from bot.discord_ui.clip_actions.finish_menu import FinishMenu
from bot.discord_ui.commands.tweak import show_form
from bot.discord_ui.dynamic_button import DynamicButton
from bot.discord_ui.permissions import can_moderate, can_moderate_job, check_permissions
from bot.discord_ui.replies import ignore_repetition, reply_errors
from bot.discord_ui.requester import run_order
from bot.discord_ui.visibility import job_for
from bot.i18n import Translations
from bot.studio.privacy.private_orders import is_private
from storage.domain.errors import JobGone, NotAllowed
from storage.domain.job import Job
from storage.logs import log_job

ONE_CLIP = ("extend", finish_menu.ACTION)
"""What is done to one clip alone, not to several drafts."""

ONCE = ("again", "cancel", "delete", "show")
"""Two presses of one of these buttons by one person within a second are one."""

STYLES = {
    "again": ("🔁", discord.ButtonStyle.primary),
    "tweak": ("🎛️", discord.ButtonStyle.secondary),
    "extend": ("⏩", discord.ButtonStyle.secondary),
    "details": ("ℹ️", discord.ButtonStyle.secondary),
    "delete": ("🗑️", discord.ButtonStyle.danger),
    "cancel": ("✖️", discord.ButtonStyle.danger),
    "fetch": ("📥", discord.ButtonStyle.primary),
    "show": ("📣", discord.ButtonStyle.secondary),
    "report": ("🚩", discord.ButtonStyle.secondary),
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
                handler = HANDLERS.get(self.action) or client.job_actions[self.action]
                await handler(interaction, self.job)


def button_view(
    actions: tuple[str, ...],
    job: str,
    locale: str,
    texts: Translations,
    choices: tuple[bool, ...] = (),
) -> discord.ui.View:
    """Return the view with a job's buttons and menu; choices tells which draft is the pick."""
    view = discord.ui.View(timeout=None)
    for action in actions:
        if choices and action in ONE_CLIP:
            continue
        if action == finish_menu.ACTION:
            view.add_item(FinishMenu.of(job, locale, texts))
        else:
            view.add_item(JobButton(action, job, texts.text(locale, f"button_{action}")))
    for number, picked in enumerate(choices, 1):
        view.add_item(ChooseButton(str(number), job, picked))
    return view


async def retry(interaction: Interaction, job: str) -> None:
    """Order the clip with another seed, in a message of its own."""
    check_permissions(interaction)
    studio = interaction.client.studio
    private = is_private((await job_for(interaction, job)).request)
    await run_order(
        interaction, lambda requester: studio.follow_ups.retry(job, requester), private=private
    )


async def tweak(interaction: Interaction, job: str) -> None:
    """Open the form, filled with this clip's parameters."""
    check_permissions(interaction)
    await show_form(interaction, await job_for(interaction, job))


async def cancel(interaction: Interaction, job: str) -> None:
    """Cancel a waiting or running job, for its owner or who moderates it; its message is edited."""
    await interaction.response.defer()
    studio, person = interaction.client.studio, str(interaction.user.id)
    found = await studio.job(job)
    moderates = found.owner != person and can_moderate_job(interaction, found)
    cancelled = await studio.cancel(job, None if moderates else person)
    if moderates:
        await record_moderation(interaction, "cancel_clip", cancelled)


async def delete(interaction: Interaction, job_id: str) -> None:
    """Delete a clip, its message, and this one; who moderates another place this one alone."""
    await interaction.response.defer()
    deleted = None
    try:
        deleted = await delete_clip(interaction, job_id)
    except (JobGone, NotAllowed):
        if not can_moderate(interaction):
            raise
    await interaction.delete_original_response()
    if deleted is not None:
        await delete_answer(interaction, deleted)


async def delete_clip(interaction: Interaction, job_id: str) -> Job:
    """Delete a job for its owner or who moderates it, and record the latter; raise NotAllowed."""
    studio, person = interaction.client.studio, str(interaction.user.id)
    job = await studio.job(job_id)
    moderates = job.owner != person and can_moderate_job(interaction, job)
    deleted = await studio.delete(job_id, None if moderates else person)
    if moderates:
        await record_moderation(interaction, "delete_clip", job)
    return deleted


async def record_moderation(interaction: Interaction, action: str, job: Job) -> None:
    """Record in the log of a job's server what somebody did to another's clip."""
    audit = interaction.client.studio.audit
    person = str(interaction.user.id)
    await audit.record(job.reply_to.guild, person, action, job.id, owner=job.owner)


async def delete_answer(interaction: Interaction, job: Job) -> None:
    """Delete the message that showed a job first, where the button was under another one."""
    place, here = job.reply_to, interaction.message
    if not (place.channel.isdigit() and place.message.isdigit()):
        return
    if here is None or str(here.id) != place.message:
        channel = interaction.client.get_partial_messageable(int(place.channel))
        with contextlib.suppress(discord.HTTPException):  # it is gone, or the bot is
            await channel.get_partial_message(int(place.message)).delete()


HANDLERS: dict[str, JobAction] = {
    "again": retry,
    "tweak": tweak,
    "cancel": cancel,
    "delete": delete,
}

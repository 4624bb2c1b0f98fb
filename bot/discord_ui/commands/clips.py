"""The command /clips: a person's latest clips, and the outcomes that could not be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands

from bot.discord_ui.client import CONTEXTS, INSTALLS, Interaction, MutoscopeClient, localized
from bot.discord_ui.commands.buttons import JobButton
from bot.discord_ui.replies import BLOCKED_BY_AUTOMOD, NO_MENTIONS, quote, reply_errors
from storage.domain.job import Job

PROMPT_LIMIT = 80  # characters


async def clips(interaction: Interaction) -> None:
    """List a person's outcomes, with a button for each that shows it to them alone."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        await interaction.response.defer(ephemeral=True)
        owner, deliveries = str(interaction.user.id), client.studio.deliveries
        waiting = await deliveries.fetchable(owner)
        known = {job.id for job in waiting}
        recent = [job for job in await deliveries.recent(owner) if job.id not in known]
        await deliveries.take_untold(owner)
        try:
            await _show(interaction, waiting, recent)
        except discord.HTTPException as error:
            if error.code != BLOCKED_BY_AUTOMOD:
                raise
            await _show(interaction, waiting, recent, prompts=False)


async def _show(
    interaction: Interaction, waiting: Sequence[Job], recent: Sequence[Job], *, prompts: bool = True
) -> None:
    text, view = _listed(interaction, waiting, recent, prompts=prompts)
    await interaction.edit_original_response(content=text, view=view, allowed_mentions=NO_MENTIONS)


def _listed(
    interaction: Interaction, waiting: Sequence[Job], recent: Sequence[Job], *, prompts: bool
) -> tuple[str, discord.ui.View]:
    texts, locale = interaction.client.texts, interaction.locale.value
    view = discord.ui.View(timeout=None)
    if not waiting and not recent:
        return texts.text(locale, "clips_none"), view
    lines = [f"**{texts.text(locale, 'clips_title')}**"]
    number = 0
    for key, jobs in (("clips_waiting", waiting), ("clips_recent", recent)):
        if jobs:
            lines.append(texts.text(locale, key))
        for job in jobs:
            number += 1
            prompt = quote(job.request.prompt, PROMPT_LIMIT) + " · " if prompts else ""
            lines.append(f"{number}. {prompt}<t:{job.ended:.0f}:R>")
            view.add_item(JobButton("fetch", job.id, str(number)))
    lines.append("-# " + texts.text(locale, "clips_how"))
    return "\n".join(lines), view


def register(client: MutoscopeClient) -> None:
    """Add the command."""
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=localized(client.texts, "command_clips"),
        description=localized(client.texts, "command_clips_about"),
        callback=clips,
        allowed_contexts=CONTEXTS,
        allowed_installs=INSTALLS,
    )
    client.tree.add_command(command)

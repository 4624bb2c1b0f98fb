"""Reporting a clip, by the button under its Details or by the menu of its message."""

from __future__ import annotations

import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.commands.form import read_answers
from bot.discord_ui.moderation.report_message import ReportMessage
from bot.discord_ui.own_messages import shown_job
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.requester import FRONT_END
from bot.discord_ui.visibility import job_for, reads_channel
from storage.domain.errors import JobGone, NotAllowed

ACTION = "report"
REASON = "reason"
REASON_LIMIT = 300  # characters


async def show_form(interaction: Interaction, job_id: str) -> None:
    """Ask why a clip is reported that was posted as the answer to its order."""
    job = await job_for(interaction, job_id)
    await _open(interaction, job.id, job.reply_to.channel, job.reply_to.message)


async def show_form_of(interaction: Interaction, message: discord.Message) -> None:
    """Ask why the clip is reported that a message shows."""
    async with reply_errors(interaction, interaction.client.texts):
        client = interaction.client
        us = client.user.id if client.user else 0
        job_id = shown_job(message) if message.author.id == us else ""
        if not job_id:
            raise JobGone("job_unknown")
        await _open(interaction, job_id, str(message.channel.id), str(message.id))


async def _open(interaction: Interaction, job: str, channel: str, message: str) -> None:
    if interaction.guild_id is None:
        raise NotAllowed("denied_report_direct")
    texts, locale = interaction.client.texts, interaction.locale.value
    title = texts.text(locale, "report_clip_title")[:45]
    modal = discord.ui.Modal(title=title, custom_id=f"{ACTION}:{job}:{channel}:{message}")
    modal.add_item(
        discord.ui.Label(
            text=texts.text(locale, "report_clip_reason")[:45],
            component=discord.ui.TextInput(
                custom_id=REASON,
                required=False,
                max_length=REASON_LIMIT,
                style=discord.TextStyle.paragraph,
            ),
        )
    )
    await interaction.response.send_modal(modal)


async def submit(interaction: Interaction, subject: str) -> None:
    """Record a report once for a person and clip, and tell the moderators where they want it."""
    client, (job_id, channel, message) = interaction.client, _parts(subject)
    async with reply_errors(interaction, client.texts):
        guild, person = str(interaction.guild_id or ""), str(interaction.user.id)
        if not guild:
            raise NotAllowed("denied_report_direct")
        if not reads_channel(interaction, guild, channel):
            raise JobGone("job_unknown")
        job = await job_for(interaction, job_id)
        shown = await client.studio.shown.at(FRONT_END, channel, message)
        if shown is not None and shown.id != job.id:
            raise JobGone("job_unknown")
        reason = " ".join(read_answers(interaction).get(REASON, "").split())[:REASON_LIMIT]
        await client.studio.audit.report(guild, person, job.id, reason)
        await interaction.response.defer(ephemeral=True, thinking=True)
        policy = await client.studio.policies.of(guild)
        link = f"https://discord.com/channels/{guild}/{channel}/{message}"
        told = policy.reports and await ReportMessage(interaction, job, link, reason).send(
            policy.reports
        )
        key = "report_clip_told" if told else "report_clip_recorded"
        text = client.texts.text(interaction.locale.value, key)
        await interaction.edit_original_response(content=f"🚩 {text}")


def _parts(subject: str) -> tuple[str, str, str]:
    """Return job, channel and message; empty where a form of another release lacks them."""
    job, _, rest = subject.partition(":")
    channel, _, message = rest.partition(":")
    return job, channel, message


def register(client: MutoscopeClient) -> None:
    """Handle the button and the form, and add the menu entry."""
    client.job_actions[ACTION] = show_form
    client.modals[ACTION] = submit

    async def entry(interaction: Interaction, message: discord.Message) -> None:
        await show_form_of(interaction, message)

    client.tree.add_message_menu("report", entry)

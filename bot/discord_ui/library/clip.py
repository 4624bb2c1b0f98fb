"""The command /clip: the clip with an id, or the one that a message shows, by its link."""

from __future__ import annotations

import re
from typing import Any

from discord import app_commands

from bot.discord_ui.client import Interaction, MutoscopeClient, localized
from bot.discord_ui.library.shown_clip import show_alone
from bot.discord_ui.own_messages import shown_job
from bot.discord_ui.replies import reply_errors
from bot.discord_ui.requester import FRONT_END
from bot.discord_ui.visibility import check_visible, fetch_own_message, reads_channel
from storage.domain.errors import BadRequest, JobGone
from storage.domain.job import Job

REFERENCE_LIMIT = 200  # characters

_ID = re.compile(r"[0-9a-f]{16}")
_LINK = re.compile(
    r"<?https://(?:\w+\.)?discord(?:app)?\.com/channels/(@me|\d{1,20})/(\d{1,20})/(\d{1,20})/?>?"
)


async def clip(
    interaction: Interaction, reference: app_commands.Range[str, 1, REFERENCE_LIMIT]
) -> None:
    """Show a clip to the person who asks, if they may see it."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        await interaction.response.defer(ephemeral=True)
        await show_alone(interaction, await find_job(interaction, reference))


async def find_job(interaction: Interaction, reference: str) -> Job:
    """Return the job with this id, or that the message under this link shows.

    Raise JobGone, the same for what is unknown and for what this person may not see, or BadRequest
    where the reference is neither.
    """
    text = reference.strip()
    if (link := _LINK.fullmatch(text)) is not None:
        guild, channel, message = link.groups()
        return await _linked(interaction, guild.removeprefix("@me"), channel, message)
    if not _ID.fullmatch(text.lower()):
        raise BadRequest("request_clip_reference")
    try:
        job = await interaction.client.studio.job(text.lower())
    except JobGone as error:
        raise JobGone("job_unknown") from error
    await check_visible(interaction, job)
    return job


async def _linked(interaction: Interaction, guild: str, channel: str, message: str) -> Job:
    """Return the job that a message shows: as its answer, or because it was shown again there."""
    studio = interaction.client.studio
    job = await studio.shown.at(FRONT_END, channel, message)
    if job is not None:
        await check_visible(interaction, job)
        return job
    if reads_channel(interaction, guild, channel):
        found = await fetch_own_message(interaction, int(channel), int(message))
        shown = shown_job(found) if found is not None else ""
        if shown:
            return await studio.job(shown)
    raise JobGone("job_unknown")


def register(client: MutoscopeClient) -> None:
    """Add the command."""
    decorated: Any = clip
    app_commands.rename(reference=localized(client.texts, "option_clip"))(decorated)
    app_commands.describe(reference=localized(client.texts, "option_clip_about"))(decorated)
    client.tree.add_slash_command("clip", clip)

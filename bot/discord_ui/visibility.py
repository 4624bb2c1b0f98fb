"""Whether a person may see a clip: their own anywhere, another's where it was posted."""

from __future__ import annotations

import discord

from bot.discord_ui.client import Interaction
from bot.discord_ui.own_messages import shows_job
from bot.discord_ui.requester import FRONT_END
from bot.discord_ui.trust.places import place_of
from bot.studio.privacy.private_orders import is_private
from storage.domain.errors import JobGone
from storage.domain.job import Job


async def job_for(interaction: Interaction, job_id: str) -> Job:
    """Return the job of a button or a form; raise JobGone where it is another person's secret."""
    person, place = str(interaction.user.id), place_of(interaction)
    return await interaction.client.studio.access.job(job_id, person, place)


async def check_visible(interaction: Interaction, job: Job) -> None:
    """Raise JobGone, as for a clip that is unknown, where this person may not see the clip.

    Another person's clip must still be shown in a channel of this server that this person reads.
    """
    if is_own(interaction, job):
        return
    place = job.reply_to
    if may_be_visible(interaction, job) and place.channel.isdigit() and place.message.isdigit():
        message = await fetch_own_message(interaction, int(place.channel), int(place.message))
        if message is not None and shows_job(message, job.id):
            return
    raise JobGone("job_unknown")


def is_own(interaction: Interaction, job: Job) -> bool:
    """Tell whether this person ordered the job."""
    return job.owner == str(interaction.user.id)


def may_be_visible(interaction: Interaction, job: Job) -> bool:
    """Tell whether this person ordered the job, or reads the channel in which it was posted."""
    place = job.reply_to
    return is_own(interaction, job) or (
        place.front == FRONT_END
        and not is_private(job.request)
        and reads_channel(interaction, place.guild, place.channel)
    )


def reads_channel(interaction: Interaction, guild: str, channel: str) -> bool:
    """Tell whether this person reads a channel: this one, or one of this server.

    Who is in a private thread is not known, so that one is read only from within.
    """
    if channel == str(interaction.channel_id):
        return True
    here, member = interaction.guild, interaction.user
    if here is None or str(here.id) != guild or not isinstance(member, discord.Member):
        return False
    found = here.get_channel_or_thread(int(channel)) if channel.isdigit() else None
    if found is None or (isinstance(found, discord.Thread) and found.is_private()):
        return False
    allowed = found.permissions_for(member)
    return allowed.view_channel and allowed.read_message_history


async def fetch_own_message(
    interaction: Interaction, channel: int, message: int
) -> discord.Message | None:
    """Return a message that the bot posted for all who read a channel; None where there is none."""
    client = interaction.client
    place = client.get_partial_messageable(channel)
    try:
        found = await place.fetch_message(message)
    except discord.HTTPException:
        return None
    us = client.user.id if client.user else 0
    return found if found.author.id == us else None

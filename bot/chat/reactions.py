"""Reactions: 🔁 on a finished clip makes it anew; a reaction has no token, so a message answers."""

from __future__ import annotations

import logging

import discord

from bot.chat.client import MutoscopeClient
from bot.chat.places import FRONT, missing, missing_to_order, size_limit
from bot.chat.replies import NOBODY
from bot.studio import Customer
from storage.domain.errors import MutoscopeError
from storage.domain.job import Job, Place, Status

log = logging.getLogger(__name__)

RETRY = "🔁"


async def retry(client: MutoscopeClient, event: discord.RawReactionActionEvent) -> None:
    """Order the clip under the reaction with another seed, at the expense of who reacted."""
    jobs = client.studio.jobs
    job = await jobs.by_message(FRONT, str(event.channel_id), str(event.message_id))
    if job is None or job.status is not Status.DONE or not await _may_post(client, event):
        return
    locale = job.locale if job.owner == str(event.user_id) else _locale(client, event, job)
    try:
        answer = await _answer(client, event, client.words.text(locale, "reaction_retry"))
    except discord.HTTPException as error:
        log.info("reaction in %s goes unanswered: %s", event.channel_id, error)
        return
    place = Place(
        front=FRONT,
        guild=str(event.guild_id or ""),
        channel=str(event.channel_id),
        message=str(answer.id),
        application=str(client.application_id or ""),
    )
    limit = size_limit(client, event.guild_id)
    try:
        await client.studio.again(job.id, Customer(str(event.user_id), locale, place, limit))
    except MutoscopeError as error:
        text = f"<@{event.user_id}> ⚠️ {client.words.error(locale, error)}"
        await answer.edit(content=text, allowed_mentions=NOBODY)


async def _answer(
    client: MutoscopeClient, event: discord.RawReactionActionEvent, text: str
) -> discord.Message:
    """Answer the message under the reaction."""
    channel = client.get_partial_messageable(event.channel_id, guild_id=event.guild_id)
    return await channel.send(
        text,
        reference=discord.MessageReference(
            message_id=event.message_id, channel_id=event.channel_id, fail_if_not_exists=False
        ),
        allowed_mentions=NOBODY,
    )


async def _may_post(client: MutoscopeClient, event: discord.RawReactionActionEvent) -> bool:
    """Tell whether we, and the one who reacted, a person, may post a clip there."""
    if event.guild_id is None:
        return True
    if event.member is not None and event.member.bot:
        return False  # such as one that repeats people's reactions
    guild = client.get_guild(event.guild_id)
    channel = guild.get_channel_or_thread(event.channel_id) if guild else None
    if guild is None or channel is None:
        return False
    thread = isinstance(channel, discord.Thread)
    for member, lacks in ((guild.me, missing), (event.member, missing_to_order)):
        if member is None or lacks(channel.permissions_for(member), thread):
            log.info("reaction in %s goes unanswered: permissions", event.channel_id)
            return False
    return True


def _locale(client: MutoscopeClient, event: discord.RawReactionActionEvent, job: Job) -> str:
    """Return the server's language for somebody whose own a reaction does not tell."""
    guild = client.get_guild(event.guild_id) if event.guild_id else None
    return client.words.nearest(guild.preferred_locale.value) if guild else job.locale


def register(client: MutoscopeClient) -> None:
    """Listen for the reaction."""
    client.reactions[RETRY] = retry

"""Reactions: 🔁 on a finished clip makes it anew; a reaction has no token, so a message answers."""

from __future__ import annotations

import logging
from dataclasses import replace

import discord

from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.commands.notice_throttle import NoticeThrottle
from bot.discord_ui.replies import NOBODY
from bot.discord_ui.requester import (
    FRONT_END,
    missing_permissions,
    missing_user_permissions,
    size_limit,
)
from bot.studio.orders import Requester
from storage.domain.errors import MutoscopeError
from storage.domain.job import Job, ReplyTarget, Status

log = logging.getLogger(__name__)

RETRY = "🔁"


class Reactions:
    """Orders what is reacted to; who may not order is told so once, not at every reaction."""

    def __init__(self) -> None:
        self._told = NoticeThrottle()

    async def retry(self, client: MutoscopeClient, event: discord.RawReactionActionEvent) -> None:
        """Order the clip under the reaction with another seed, at the expense of who reacted."""
        place = (FRONT_END, str(event.channel_id), str(event.message_id))
        job = await client.studio.job_at(*place)
        if job is None or job.status is not Status.DONE or not await _may_post(client, event):
            return
        try:
            await self._order(client, event, job)
        except discord.HTTPException as error:
            log.info("reaction in %s goes unanswered: %s", event.channel_id, error)

    async def _order(
        self, client: MutoscopeClient, event: discord.RawReactionActionEvent, job: Job
    ) -> None:
        person = str(event.user_id)
        locale = job.locale if job.owner == person else _locale(client, event, job)
        requester = Requester(
            person, locale, _reply_target(client, event), size_limit(client, event.guild_id)
        )
        answer = None
        try:
            draft = await client.studio.draft_retry(job.id, requester)
            await client.studio.check_credits(requester, [draft])
            answer = await _answer(client, event, client.texts.text(locale, "reaction_retry"))
            reply_to = replace(requester.reply_to, message=str(answer.id))
            await client.studio.order(requester, [replace(draft, reply_to=reply_to)])
        except MutoscopeError as error:
            text = f"<@{person}> ⚠️ {client.texts.error(locale, error)}"
            if answer is not None:
                await answer.edit(content=text, allowed_mentions=NOBODY)
            elif self._told.is_news(person, error):
                await _answer(client, event, text)
        else:
            self._told.forget(person)


def _reply_target(client: MutoscopeClient, event: discord.RawReactionActionEvent) -> ReplyTarget:
    """Return where a reaction's clip is to be shown, but for its message."""
    return ReplyTarget(
        front=FRONT_END,
        guild=str(event.guild_id or ""),
        channel=str(event.channel_id),
        application=str(client.application_id or ""),
    )


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
    for member, lacks in (
        (guild.me, missing_permissions),
        (event.member, missing_user_permissions),
    ):
        if member is None or lacks(channel.permissions_for(member), thread):
            log.info("reaction in %s goes unanswered: permissions", event.channel_id)
            return False
    return True


def _locale(client: MutoscopeClient, event: discord.RawReactionActionEvent, job: Job) -> str:
    """Return the server's language for somebody whose own a reaction does not tell."""
    guild = client.get_guild(event.guild_id) if event.guild_id else None
    return client.texts.nearest(guild.preferred_locale.value) if guild else job.locale


def register(client: MutoscopeClient) -> None:
    """Listen for the reaction."""
    client.reactions[RETRY] = Reactions().retry

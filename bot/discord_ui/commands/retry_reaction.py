"""A reaction with 🔁 on a finished clip orders it with another seed.

A reaction is no interaction and has no token, so the answer is an ordinary reply.
"""

from __future__ import annotations

import hashlib
import logging

import discord

from bot.discord_ui.client import MutoscopeClient, reaction_key
from bot.discord_ui.commands.notice_throttle import NoticeThrottle
from bot.discord_ui.permissions import missing_permissions
from bot.discord_ui.replies import NO_MENTIONS, send_reply
from bot.discord_ui.requester import FRONT_END, drop_begun_order, size_limit
from bot.discord_ui.trust.places import place_of_member
from bot.studio.orders.order_draft import Requester
from storage.domain.errors import MutoscopeError
from storage.domain.job import Job, ReplyTarget, Status
from storage.logs import log_job

log = logging.getLogger(__name__)

RETRY_EMOJI = "🔁"


class RetryReaction:
    """Handles the reaction; a refusal is answered once in a while, not at every reaction."""

    def __init__(self) -> None:
        self._throttle = NoticeThrottle()

    async def handle(self, client: MutoscopeClient, event: discord.RawReactionActionEvent) -> None:
        """Order the clip of the message with another seed; the person who reacted pays."""
        channel, message = str(event.channel_id), str(event.message_id)
        job = await client.studio.shown.at(FRONT_END, channel, message)
        if job is None or job.status is not Status.DONE:
            return
        with log_job(job.id):
            if not _can_post(client, event):
                return
            await self._order(client, event, job)

    async def _order(
        self, client: MutoscopeClient, event: discord.RawReactionActionEvent, job: Job
    ) -> None:
        person, begun_order = str(event.user_id), reaction_key(event)
        locale = job.locale if job.owner == person else _locale(client, event, job)
        reply_to = _reply_target(client, event)
        guild = client.get_guild(event.guild_id) if event.guild_id else None
        place = place_of_member(guild, event.channel_id, event.member)
        limit = size_limit(client, event.guild_id)
        requester = Requester(person, locale, reply_to, limit, begun_order, place)
        if begun_order in client.orders:
            return  # the gateway sent it again
        with client.order_in_progress(begun_order):
            try:
                target = str(event.message_id)
                begun = client.studio.begun_orders.begin(
                    begun_order, person, locale, reply_to, target
                )
                if not await begun:
                    return  # the gateway sent it again, or to another process too
                draft = await client.studio.follow_ups.draft_retry(job.id, requester)
                await client.studio.orders.check_credits(requester, [draft])
                await client.studio.orders.place(requester, [draft])  # the delivery posts the reply
            except MutoscopeError as error:
                if self._throttle.allows(person, error):
                    text = f"<@{person}> ⚠️ {client.texts.error(locale, error)}"
                    await _reply(client, event, text, _nonce(begun_order, error))
            else:
                self._throttle.reset(person)
            await drop_begun_order(client, begun_order)


def _reply_target(client: MutoscopeClient, event: discord.RawReactionActionEvent) -> ReplyTarget:
    """Return where to answer a reaction, without the message."""
    return ReplyTarget(
        front=FRONT_END,
        guild=str(event.guild_id or ""),
        channel=str(event.channel_id),
        application=str(client.application_id or ""),
    )


async def _reply(
    client: MutoscopeClient, event: discord.RawReactionActionEvent, text: str, nonce: str
) -> None:
    """Reply to the message under the reaction, once for one nonce."""
    channel = client.get_partial_messageable(event.channel_id, guild_id=event.guild_id)
    reference = discord.MessageReference(
        message_id=event.message_id, channel_id=event.channel_id, fail_if_not_exists=False
    )
    try:
        await send_reply(channel, reference, text, allowed_mentions=NO_MENTIONS, nonce=nonce)
    except discord.HTTPException as error:
        log.info("no answer to a reaction in channel %s: %s", event.channel_id, error)


def _nonce(begun_order: str, error: MutoscopeError) -> str:
    """Return what two processes call the same answer; without the database they do not know."""
    return hashlib.sha256(f"{begun_order} {error.key}".encode()).hexdigest()[:25]


def _can_post(client: MutoscopeClient, event: discord.RawReactionActionEvent) -> bool:
    """Tell whether the bot and the person who reacted may post a clip there."""
    if event.guild_id is None:
        return True
    if event.member is not None and event.member.bot:
        return False  # some bots repeat people's reactions
    guild = client.get_guild(event.guild_id)
    channel = guild.get_channel_or_thread(event.channel_id) if guild else None
    if guild is None or channel is None:
        return False
    thread = isinstance(channel, discord.Thread)
    for member in (guild.me, event.member):
        if member is None or missing_permissions(channel.permissions_for(member), thread):
            log.info("no answer to a reaction in channel %s: permissions", event.channel_id)
            return False
    return True


def _locale(client: MutoscopeClient, event: discord.RawReactionActionEvent, job: Job) -> str:
    """Return the server's locale, because a reaction does not name the person's."""
    guild = client.get_guild(event.guild_id) if event.guild_id else None
    return client.texts.nearest(guild.preferred_locale.value) if guild else job.locale


def register(client: MutoscopeClient) -> None:
    """Register the reaction's handler."""
    client.reactions[RETRY_EMOJI] = RetryReaction().handle

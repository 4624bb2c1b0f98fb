"""Who ordered, and which message will show the clip."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import aiohttp
import discord

from bot.discord_ui.client import Interaction, MutoscopeClient
from bot.discord_ui.replies import (
    ALREADY_ACKNOWLEDGED,
    NO_MENTIONS,
    reply_errors,
)
from bot.discord_ui.trust.places import place_of
from bot.studio.orders.order_draft import Requester
from storage.domain.errors import Unavailable
from storage.domain.job import ReplyTarget

log = logging.getLogger(__name__)

FRONT_END = "discord"
ACKNOWLEDGE_TRIES = 2  # Discord accepts an acknowledgement for 3 seconds


async def run_order(
    interaction: Interaction,
    work: Callable[[Requester], Awaitable[object]],
    *,
    private: bool = False,
) -> None:
    """Record that an order is begun, acknowledge, and let `work` place it or reply why not.

    private: nobody else sees the acknowledgement. Where the work is cancelled, the record stays,
    and the person is told of the interruption.
    """
    client = interaction.client
    if str(interaction.id) in client.orders:
        return  # the gateway sent it again
    with client.order_in_progress(str(interaction.id)):
        repeated = False
        async with reply_errors(interaction, client.texts):
            requester = await _begin(interaction, private=private)
            repeated = requester is None
            if requester is not None:
                await _mention_waiting_clips(interaction)
                await work(requester)
        if repeated:  # another process recorded it
            log.info("interaction %s came twice", interaction.id)
        else:
            await drop_begun_order(client, str(interaction.id))


async def drop_begun_order(client: MutoscopeClient, begun_order: str) -> None:
    """End a begun order that was placed or refused."""
    try:
        await client.studio.begun_orders.drop(begun_order)
    except Unavailable:
        log.warning("the record of a finished order as begun could not be ended")


async def _begin(interaction: Interaction, *, private: bool) -> Requester | None:
    """Commit the begun order, then acknowledge it by a deferred message.

    The begun order of a private one has no channel: nobody is told of it there. Return None where
    the order was begun before, or another process answered in words.
    """
    studio, key = interaction.client.studio, str(interaction.id)
    requester = requester_of(interaction)
    answer = requester.reply_to
    if private:
        answer = replace(answer, channel="")
    if not await studio.begun_orders.begin(key, requester.owner, requester.locale, answer):
        return None
    message = await _acknowledge(interaction, private=private)
    if message is None:
        await drop_begun_order(interaction.client, key)
        return None
    return replace(requester, reply_to=_reply_target(interaction, message), begun_order=key)


async def _acknowledge(interaction: Interaction, *, private: bool) -> str | None:
    """Defer the response; return the message's id, empty where Discord's answer was lost.

    None where another process, to which the database was away, has answered in words.
    """
    for left in reversed(range(ACKNOWLEDGE_TRIES)):
        try:
            response = await interaction.response.defer(thinking=True, ephemeral=private)
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
            break  # by an earlier try whose answer was lost
        except (aiohttp.ClientError, OSError):
            if not left:
                raise
        else:
            return str((response and response.message_id) or "")
    # discord.py does not know that the response is sent.
    interaction.response._response_type = discord.InteractionResponseType.deferred_channel_message
    with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
        original = await interaction.original_response()
        # Where another process took a press of a button for a double one, it is the button's own.
        if interaction.message is None or original.id != interaction.message.id:
            return str(original.id) if original.flags.loading else None
    return ""


async def _mention_waiting_clips(interaction: Interaction) -> None:
    """Tell a person once of clips that could not be delivered, after a deferred response."""
    client = interaction.client
    if not await client.studio.deliveries.take_untold(str(interaction.user.id)):
        return
    texts, locale = client.texts, interaction.locale.value
    with contextlib.suppress(discord.HTTPException, asyncio.TimeoutError):
        # The first follow-up to a deferred response would become the response.
        queued = "⏳ " + texts.text(locale, "card_queued")
        await interaction.edit_original_response(content=queued, allowed_mentions=NO_MENTIONS)
        text = "📥 " + texts.text(locale, "clips_wait")
        await interaction.followup.send(text, ephemeral=True, allowed_mentions=NO_MENTIONS)


def requester_of(interaction: Interaction) -> Requester:
    """Return who acts, and where, before any order of theirs is begun."""
    return Requester(
        str(interaction.user.id),
        interaction.client.texts.nearest(interaction.locale.value),
        _reply_target(interaction, ""),
        interaction.filesize_limit,
        place=place_of(interaction),
    )


def _reply_target(interaction: Interaction, message: str) -> ReplyTarget:
    return ReplyTarget(
        front=FRONT_END,
        guild=str(interaction.guild_id or ""),
        channel=str(interaction.channel_id or ""),
        message=message,
        token=interaction.token,
        token_expires=interaction.expires_at.timestamp(),
        application=str(interaction.application_id),
    )


def size_limit(client: MutoscopeClient, guild: int | None) -> int:
    """Return the size limit of files in bytes where there is no interaction that names it."""
    known = client.get_guild(guild) if guild else None
    return known.filesize_limit if known else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES

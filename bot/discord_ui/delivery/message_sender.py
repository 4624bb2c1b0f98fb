"""Sends a card to a job's message, by the first way that works.

In order: an edit by the interaction's token while it is valid, an edit in the channel, a new
message in the channel, a direct message.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

import discord

from bot.discord_ui.cards.card import Card
from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.commands.buttons import button_view
from bot.discord_ui.replies import NO_MENTIONS
from storage.domain.job import Job, ReplyTarget

log = logging.getLogger(__name__)

TOKEN_MARGIN = 10.0  # seconds before a token expires in which it is not used

# Discord's error codes
UNKNOWN_MESSAGE = 10008
REQUEST_TOO_LARGE = 40005
TOO_MANY_OLD_EDITS = 30046
REPLY_WITHOUT_HISTORY = 160002


class SendResult(Enum):
    """What became of a card."""

    EDITED = "edited"
    POSTED = "posted"
    DELETED = "deleted"  # somebody removed the message, so the clip is not wanted
    REFUSED = "refused"  # Discord allows no way


class FileTooLarge(Exception):
    """Discord refuses a file of this size here."""


class MessageSender:
    """Edits and posts the messages of jobs."""

    def __init__(self, client: MutoscopeClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock

    async def edit(self, job: Job, card: Card) -> SendResult:
        """Replace the whole message by the card; raise FileTooLarge."""
        return await self._edit(job, lambda: self._payload(job, card))

    async def edit_text(self, job: Job, card: Card) -> SendResult:
        """Replace the message's text; embed, file and buttons stay as they are."""
        return await self._edit(
            job, lambda: {"content": card.content, "allowed_mentions": NO_MENTIONS}
        )

    async def _edit(self, job: Job, payload: Callable[[], dict[str, Any]]) -> SendResult:
        if not job.reply_to.message:
            return SendResult.REFUSED
        for attempt in (self._edit_by_token, self._edit_in_channel):
            try:
                if await attempt(job.reply_to, payload()):
                    return SendResult.EDITED
            except discord.NotFound as error:
                if error.code == UNKNOWN_MESSAGE:
                    return SendResult.DELETED
            except discord.HTTPException as error:
                if not _is_refusal(error):
                    raise
        return SendResult.REFUSED

    async def post(self, job: Job, card: Card) -> ReplyTarget | None:
        """Post a new message in the channel, or else directly to the owner, who is mentioned.

        Return its reply_to, or None where both are refused; raise FileTooLarge.
        """
        for target in (self._channel, self._direct_channel):
            payload = self._payload(job, card)
            payload["files"] = payload.pop("attachments")
            payload["allowed_mentions"] = _owner_mention(job)
            try:
                channel = await target(job)
                message = await channel.send(nonce=job.id, **payload)
            except discord.HTTPException as error:
                if not _is_refusal(error):
                    raise
                log.info("could not post: %s", error)
            else:
                # The interaction's token cannot edit the new message.
                channel_id, message_id = str(message.channel.id), str(message.id)
                return replace(job.reply_to, channel=channel_id, message=message_id, token="")
        return None

    async def ping(self, job: Job, text: str) -> None:
        """Mention the owner in a reply to the job's message, because an edit notifies nobody."""
        channel = await self._channel(job)
        try:
            await channel.send(
                text,
                nonce=f"p{job.id}",
                allowed_mentions=_owner_mention(job),
                reference=discord.MessageReference(
                    message_id=int(job.reply_to.message),
                    channel_id=int(job.reply_to.channel),
                    fail_if_not_exists=False,
                ),
            )
        except discord.HTTPException as error:
            if not _is_refusal(error):
                raise
            log.info("could not ping the owner: %s", error)

    async def _edit_by_token(self, reply_to: ReplyTarget, payload: dict[str, Any]) -> bool:
        if not reply_to.token or reply_to.token_expires < self._clock() + TOKEN_MARGIN:
            return False
        webhook = discord.Webhook.partial(
            int(reply_to.application), reply_to.token, client=self._client
        )
        await webhook.edit_message(int(reply_to.message), **payload)
        return True

    async def _edit_in_channel(self, reply_to: ReplyTarget, payload: dict[str, Any]) -> bool:
        await (
            self._partial_channel(reply_to)
            .get_partial_message(int(reply_to.message))
            .edit(**payload)
        )
        return True

    async def _channel(self, job: Job) -> discord.PartialMessageable:
        return self._partial_channel(job.reply_to)

    async def _direct_channel(self, job: Job) -> discord.DMChannel:
        return await self._client.create_dm(discord.Object(int(job.owner)))

    def _partial_channel(self, reply_to: ReplyTarget) -> discord.PartialMessageable:
        guild = int(reply_to.guild) if reply_to.guild else None
        return self._client.get_partial_messageable(int(reply_to.channel), guild_id=guild)

    def _payload(self, job: Job, card: Card) -> dict[str, Any]:
        """Return discord.py's arguments for an edit, with a fresh file."""
        return {
            "content": card.content,
            "embed": card.embed,
            "attachments": [card.attachment.to_file()] if card.attachment else [],
            "view": button_view(card.actions, job.id, job.locale, self._client.texts),
            "allowed_mentions": NO_MENTIONS,
        }


def _is_refusal(error: discord.HTTPException) -> bool:
    """Tell whether another try would fail too; raise FileTooLarge where only the file is wrong."""
    if error.status == 413 or error.code == REQUEST_TOO_LARGE:
        raise FileTooLarge from error
    return error.status in (401, 403, 404) or error.code in (
        TOO_MANY_OLD_EDITS,
        REPLY_WITHOUT_HISTORY,
    )


def _owner_mention(job: Job) -> discord.AllowedMentions:
    return discord.AllowedMentions(
        everyone=False, roles=False, replied_user=False, users=[discord.Object(int(job.owner))]
    )

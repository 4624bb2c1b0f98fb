"""Courier: brings a card to a job's message, by whichever way is open.

In order: the interaction's token while it lives; an edit in the channel; a new message in the
channel; a direct message.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

import discord

from bot.discord_ui.cards.attachment import CardAttachment
from bot.discord_ui.cards.card_renderer import Card
from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.commands.buttons import view_of
from bot.discord_ui.replies import NOBODY
from storage.domain.job import Job

log = logging.getLogger(__name__)

MARGIN = 10.0  # seconds before a token's end from which it is not trusted
UNKNOWN_MESSAGE = 10008
TOO_LARGE = 40005
TOO_MANY_OLD_EDITS = 30046
NO_HISTORY = 160002  # a reply needs the permission to read what it answers
CLOSED = {TOO_MANY_OLD_EDITS, NO_HISTORY}


class SendResult(Enum):
    """How a card got there, or why it did not."""

    EDITED = "edited"
    POSTED = "posted"
    GONE = "gone"  # the person removed the message: they do not want it
    NOWHERE = "nowhere"  # no way is open


class FileTooLarge(Exception):
    """This place refuses a file of this size."""


class MessageSender:
    """Knows the ways to the person."""

    def __init__(self, client: MutoscopeClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock

    async def edit(
        self, job: Job, card: Card, enclosed: CardAttachment | None = None
    ) -> SendResult:
        """Show the card in the message that was promised; NOWHERE where that cannot be.

        What was enclosed before goes.
        """
        return await self._edit(job, lambda: self._shown(job, card, enclosed))

    async def edit_text(self, job: Job, card: Card) -> SendResult:
        """Show the card's line of text; embed, file and buttons stay as they are."""
        return await self._edit(job, lambda: {"content": card.content, "allowed_mentions": NOBODY})

    async def _edit(self, job: Job, shown: Callable[[], dict[str, Any]]) -> SendResult:
        if not job.reply_to.message:
            return SendResult.NOWHERE
        for attempt in (self._edit_by_token, self._edit_in_channel):
            try:
                if await attempt(job, shown()):
                    return SendResult.EDITED
            except discord.NotFound as error:
                if error.code == UNKNOWN_MESSAGE:
                    return SendResult.GONE
            except discord.HTTPException as error:
                if not _refused(error):
                    raise
        return SendResult.NOWHERE

    async def post(
        self, job: Job, card: Card, enclosed: CardAttachment | None = None
    ) -> tuple[SendResult, Job]:
        """Show the card in a new message, in the channel or else directly."""
        for target in (self._channel, self._person):
            try:
                channel = await target(job)
                shown = self._shown(job, card, enclosed)
                shown["files"] = shown.pop("attachments")
                message = await channel.send(
                    nonce=job.id, **(shown | {"allowed_mentions": _owner(job)})
                )
            except discord.HTTPException as error:
                if not _refused(error):
                    raise
                log.info("no way to post %s: %s", job.id, error)
            else:
                return SendResult.POSTED, _moved(job, message)
        return SendResult.NOWHERE, job

    async def ping(self, job: Job, text: str) -> None:
        """Call the owner by a message of its own: an edit notifies nobody."""
        channel = await self._channel(job)
        try:
            await channel.send(
                text,
                nonce=f"p{job.id}",
                allowed_mentions=_owner(job),
                reference=discord.MessageReference(
                    message_id=int(job.reply_to.message),
                    channel_id=int(job.reply_to.channel),
                    fail_if_not_exists=False,
                ),
            )
        except discord.HTTPException as error:
            if not _refused(error):
                raise
            log.info("no ping for %s: %s", job.id, error)

    async def _edit_by_token(self, job: Job, shown: dict[str, Any]) -> bool:
        reply_to = job.reply_to
        if not reply_to.token or reply_to.token_expires < self._clock() + MARGIN:
            return False
        webhook = discord.Webhook.partial(
            int(reply_to.application), reply_to.token, client=self._client
        )
        await webhook.edit_message(int(reply_to.message), **shown)
        return True

    async def _edit_in_channel(self, job: Job, shown: dict[str, Any]) -> bool:
        channel = await self._channel(job)
        await channel.get_partial_message(int(job.reply_to.message)).edit(**shown)
        return True

    async def _channel(self, job: Job) -> discord.PartialMessageable:
        guild = int(job.reply_to.guild) if job.reply_to.guild else None
        return self._client.get_partial_messageable(int(job.reply_to.channel), guild_id=guild)

    async def _person(self, job: Job) -> discord.DMChannel:
        return await self._client.create_dm(discord.Object(int(job.owner)))

    def _shown(self, job: Job, card: Card, enclosed: CardAttachment | None) -> dict[str, Any]:
        """Return what discord.py is to send."""
        return {
            "content": card.content,
            "embed": card.embed,
            "attachments": [enclosed.file()] if enclosed else [],
            "view": view_of(card.actions, job.id, job.locale, self._client.texts),
            "allowed_mentions": NOBODY,
        }


def _refused(error: discord.HTTPException) -> bool:
    """Tell whether this way is closed for good; raise FileTooLarge where only the file is."""
    if error.status == 413 or error.code == TOO_LARGE:
        raise FileTooLarge from error
    return error.status in (401, 403, 404) or error.code in CLOSED


def _owner(job: Job) -> discord.AllowedMentions:
    return discord.AllowedMentions(
        everyone=False, roles=False, replied_user=False, users=[discord.Object(int(job.owner))]
    )


def _moved(job: Job, message: discord.Message) -> Job:
    """Return the job with its new message; the old token cannot edit that one."""
    reply_to = replace(
        job.reply_to, channel=str(message.channel.id), message=str(message.id), token=""
    )
    return replace(job, reply_to=reply_to)

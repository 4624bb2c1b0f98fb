"""Sends a card to a job's message, by the first way that works.

In order: an edit by the interaction's token while it is valid, an edit in the channel, a new
message in the channel (which unarchives a thread), a direct message. A way that Discord refuses for
good is closed for the job and not tried again. A marker is committed before each new message; where
its result is unknown, the channel is searched for the message before another one is sent.

A private order's messages are for its owner alone: the channel is no way for them.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum

import aiohttp
import discord

from bot.discord_ui.cards.card import Card
from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.delivery.live_message import LiveMessage
from bot.discord_ui.delivery.message_places import MessagePlaces, reference_to
from bot.discord_ui.gateway.traffic import UNTOLD, WAITS
from bot.discord_ui.own_messages import find_own_message, shows_clip, shows_end, shows_job
from bot.discord_ui.posts.posting import take_back
from bot.discord_ui.replies import (
    NO_MENTIONS,
    NO_REPLY_WITHOUT_HISTORY,
    is_lasting_refusal,
    send_reply,
)
from bot.studio.privacy.private_orders import is_private
from storage.domain.delivery_state import DeliveryState, Way
from storage.domain.errors import JobGone
from storage.domain.job import Job, ReplyTarget, Status

log = logging.getLogger(__name__)

OLD = 3600.0  # seconds; age of a message from which Discord limits edits to a few

IN_CHANNEL = (Way.EDIT, Way.POST, Way.PING)
"""The ways on which others see a message."""

# Discord's error codes
UNKNOWN_MESSAGE = 10008
REQUEST_TOO_LARGE = 40005


class SendResult(Enum):
    """What became of a card."""

    EDITED = "edited"
    POSTED = "posted"
    DELETED = "deleted"  # somebody removed the message
    REFUSED = "refused"  # Discord allows no way
    UNKNOWN = "unknown"  # a message may have been sent, and the channel cannot be searched


class FileTooLarge(Exception):
    """Discord refuses a file of this size here."""


class MessageSender:
    """Edits and posts the messages of jobs; the caller holds the LiveMessage's lock."""

    def __init__(self, client: MutoscopeClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._places = MessagePlaces(client, clock)
        self._deliveries = client.studio.deliveries
        self._clock = clock

    async def state(self, message: LiveMessage) -> DeliveryState:
        """Return what was tried for a message's job, read from the database at first."""
        if message.state is None:
            message.state = await self._deliveries.get(message.job.id)
        return message.state

    async def save(self, message: LiveMessage, state: DeliveryState) -> None:
        """Store what was tried."""
        await self._deliveries.put(message.job, state)
        message.state = state

    async def edit(
        self, message: LiveMessage, card: Card, *, text_only: bool = False, closes: bool = True
    ) -> SendResult:
        """Replace the message by the card; raise FileTooLarge.

        text_only leaves embed, file and buttons as they are. A refusal closes the way for the job,
        unless closes is False: then no other way is tried.
        """
        place = message.job.reply_to
        if not place.message:
            return SendResult.REFUSED
        for way in (Way.TOKEN, Way.EDIT):
            if not await self._is_open(message, way):
                continue
            payload = self._places.payload(message.job, card)
            if text_only:
                payload = {name: payload[name] for name in ("content", "allowed_mentions")}
            try:
                if way is Way.TOKEN:
                    await self._places.webhook(place).edit_message(int(place.message), **payload)
                else:
                    shown = self._places.channel(message.job).get_partial_message(
                        int(place.message)
                    )
                    await shown.edit(**payload)
            except discord.HTTPException as error:
                if error.code == UNKNOWN_MESSAGE:
                    return SendResult.DELETED
                _check_refusal(error)
                if not closes:
                    return SendResult.REFUSED
                await self._close(message, way, error)
            else:
                message.way = way
                return SendResult.EDITED
        return SendResult.REFUSED

    async def open(self, message: LiveMessage, card: Card) -> SendResult:
        """Post the first message of a job that has none: a follow-up, or a reply to its parent."""
        found = await self.find_sent(message)
        if found is not None:
            return found
        if message.job.reply_to.message:
            return await self.edit(message, card)
        way = Way.TOKEN if message.job.reply_to.token else Way.POST
        return await self._send(message, card, (way,), NO_MENTIONS)

    async def post(self, message: LiveMessage, card: Card) -> SendResult:
        """Post a new message in the channel, or else directly to the owner, who is mentioned.

        The old message, which says that the job waits or nothing at all, is deleted if it can be.
        """
        old = message.job.reply_to
        mention = _owner_mention(message.job)
        ways = (Way.POST, Way.DIRECT) if old.message else (Way.TOKEN, Way.POST, Way.DIRECT)
        result = await self._send(message, card, ways, mention)
        moved = message.job.reply_to.message != old.message
        if result is SendResult.POSTED and old.message and moved:
            with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
                if self._places.token_lives(old):
                    await self._places.webhook(old).delete_message(int(old.message))
                elif message.job.reply_to.channel == old.channel:
                    channel = self._places.channel(message.job)
                    await channel.get_partial_message(int(old.message)).delete()
        return result

    async def send_alone(self, message: LiveMessage, card: Card) -> SendResult:
        """Send a private order's outcome to its owner: a clip directly, or where only they see it.

        Where it came directly, the message that only they see says so.
        """
        old, text_alone = message.job.reply_to, card.attachment is None
        if text_alone:
            result = await self.edit(message, card)
            if result is not SendResult.REFUSED:
                return result
        too_large: FileTooLarge | None = None
        try:
            result = await self._send(message, card, (Way.DIRECT,), _owner_mention(message.job))
        except FileTooLarge as error:
            result, too_large = SendResult.REFUSED, error
        if result is SendResult.POSTED:
            await self._say_sent(message.job, old)
            return result
        result = await self.edit(message, card)
        if result is SendResult.REFUSED and too_large is not None:
            raise too_large
        return result

    async def _say_sent(self, job: Job, old: ReplyTarget) -> None:
        """Say in the message that only the owner sees that the clip came directly."""
        if not (old.message and self._places.token_lives(old)):
            return
        text = self._client.texts.text(job.locale, "mail_direct")
        with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
            await self._places.webhook(old).edit_message(
                int(old.message), content=text, attachments=[], view=None
            )

    async def find_sent(self, message: LiveMessage) -> SendResult | None:
        """Look for the new message whose result is unknown, and edit that one from now on.

        Return POSTED where it shows the outcome already; None where it may be edited or sent.
        """
        state, job = await self.state(message), message.job
        if state.posting is None or not _is_searchable(job, state.posting):
            return None

        def is_new(sent: discord.Message) -> bool:
            """Tell it from an older message beside which it was sent, which shows the job too.

            Which of the two the job names depends on what was recorded of the send.
            """
            if job.reply_to.message:
                return shows_end(sent, job.id)
            return shows_job(sent, job.id)

        try:
            channel = await self._places.target(job, state.posting)
            found = await find_own_message(self._client, channel, state.posting_at, is_new)
        except discord.HTTPException as error:
            _check_refusal(error)
            return SendResult.UNKNOWN
        if found is not None:
            await self._move(message, state.posting, found)
            if shows_end(found, job.id):
                message.found_clip = shows_clip(found, job.id)
                return SendResult.POSTED
        return None

    def count_delivery(self, message: LiveMessage, result: SendResult, *, waits: bool) -> None:
        """Count how an outcome reached its owner, or that it did not."""
        reached = result in (SendResult.EDITED, SendResult.POSTED)
        way = message.way if reached else None
        self._client.traffic.delivered[WAITS if waits else way or UNTOLD] += 1

    async def shows_outcome(self, message: LiveMessage) -> bool:
        """Tell whether an edit that was not recorded has put the outcome into the message."""
        place = message.job.reply_to
        if not place.message or is_private(message.job.request):
            return False
        try:
            shown = await self._places.channel(message.job).fetch_message(int(place.message))
        except discord.HTTPException as error:
            _check_refusal(error)
            return False
        if not shows_end(shown, message.job.id):
            return False
        message.found_clip = shows_clip(shown, message.job.id)
        return True

    async def ping(self, message: LiveMessage, text: str) -> None:
        """Mention the owner in a reply to the job's message, because an edit notifies nobody."""
        state, job = await self.state(message), message.job
        if Way.PING in state.closed or is_private(job.request):
            return
        channel = self._places.channel(job)
        try:
            if state.pinged and await find_own_message(
                self._client, channel, state.pinged, lambda sent: sent.content == text
            ):
                return
            await self.save(message, replace(state, pinged=state.pinged or self._clock()))
            self._client.studio.check_held(job)
            reference = reference_to(job.reply_to.channel, job.reply_to.message)
            mention = _owner_mention(job)
            await send_reply(channel, reference, text, nonce=f"p{job.id}", allowed_mentions=mention)
        except discord.HTTPException as error:
            _check_refusal(error)
            await self._close(message, Way.PING, error)

    async def _send(
        self,
        message: LiveMessage,
        card: Card,
        ways: tuple[Way, ...],
        mentions: discord.AllowedMentions,
    ) -> SendResult:
        for way in ways:
            if not await self._is_open(message, way):
                continue
            try:
                sent = await self._send_by(message, way, card, mentions)
            except discord.HTTPException as error:
                try:
                    _check_refusal(error)
                except FileTooLarge:
                    await self.save(message, replace(await self.state(message), posting=None))
                    raise
                await self._close(message, way, error)
            else:
                await self._move(message, way, sent)
                return SendResult.POSTED
        return SendResult.REFUSED

    async def _send_by(
        self,
        message: LiveMessage,
        way: Way,
        card: Card,
        mentions: discord.AllowedMentions,
        *,
        replies: bool = True,
    ) -> discord.Message:
        job = message.job
        payload = self._places.payload(job, card)
        payload["files"] = payload.pop("attachments")
        payload["allowed_mentions"] = mentions
        del payload["embed"]
        channel = None if way is Way.TOKEN else await self._places.target(job, way)
        reference = await self._parent(job) if way is Way.POST and replies else None
        state = await self.state(message)
        await self.save(message, replace(state, posting=way, posting_at=self._clock()))
        self._client.studio.check_held(job)
        if channel is None:
            webhook = self._places.webhook(job.reply_to)
            alone = is_private(job.request)
            return await webhook.send(wait=True, ephemeral=alone, **payload)
        if reference is None:
            return await channel.send(nonce=_nonce(job), **payload)
        try:
            return await channel.send(nonce=_nonce(job), reference=reference, **payload)
        except discord.HTTPException as error:
            if error.code != NO_REPLY_WITHOUT_HISTORY:
                raise
        return await self._send_by(message, way, card, mentions, replies=False)

    async def _parent(self, job: Job) -> discord.MessageReference | None:
        """Return a reference to the message of the job that this one repeats, in one channel."""
        if not job.parent or job.reply_to.token:
            return None
        try:
            place = (await self._client.studio.job(job.parent)).reply_to
        except JobGone:
            return None
        if not place.message or place.channel != job.reply_to.channel:
            return None
        return reference_to(place.channel, place.message)

    async def _move(self, message: LiveMessage, way: Way, sent: discord.Message) -> None:
        """Record which message shows the job from now on."""
        message.way = way
        place = replace(message.job.reply_to, channel=str(sent.channel.id), message=str(sent.id))
        if way is not Way.TOKEN:
            place = replace(place, token="")  # it cannot edit this message
        try:
            await self._client.studio.shown.move(message.job, place)
        except JobGone:
            await take_back(self._client, sent)
            raise
        message.job = replace(message.job, reply_to=place)
        state = await self.state(message)
        # The channel of the new message was open just now, whatever the old one's edits said.
        closed = tuple(each for each in state.closed if each is not Way.EDIT)
        state = replace(state, closed=closed)
        if not message.job.status.final:  # else the marker stays until the delivery is recorded
            state = replace(state, posting=None, posting_at=0.0)
        await self.save(message, state)

    async def _close(self, message: LiveMessage, way: Way, error: discord.HTTPException) -> None:
        log.info("Discord refuses the way %s: %s", way.value, error)
        await self.save(message, (await self.state(message)).close(way))

    async def _is_open(self, message: LiveMessage, way: Way) -> bool:
        """Tell whether a way may be tried now; raise HolderChanged where another bot does that."""
        self._client.studio.check_held(message.job)
        reply_to, cancelled = message.job.reply_to, message.job.status is Status.CANCELLED
        if way in (await self.state(message)).closed:
            return False
        if way in IN_CHANNEL and is_private(message.job.request):
            return False
        if way is Way.TOKEN:
            return self._places.token_lives(reply_to)
        if way is Way.DIRECT:
            return await self._client.studio.content.fits_direct_messages(message.job)
        return way is not Way.EDIT or cancelled or self._places.age(reply_to) <= OLD


def _is_searchable(job: Job, way: Way) -> bool:
    """Tell whether a message that was sent this way can be looked for: not one for one person."""
    return way is Way.DIRECT or not is_private(job.request)


def _nonce(job: Job) -> str:
    """Return what Discord knows a second try by; the outcome is another message than the first."""
    return f"e{job.id}" if job.status.final else job.id


def _check_refusal(error: discord.HTTPException) -> None:
    """Raise the error again unless it lasts, or FileTooLarge where only the file is wrong."""
    if error.status == 413 or error.code == REQUEST_TOO_LARGE:
        raise FileTooLarge from error
    if not is_lasting_refusal(error):
        raise error


def _owner_mention(job: Job) -> discord.AllowedMentions:
    return discord.AllowedMentions(
        everyone=False, roles=False, replied_user=False, users=[discord.Object(int(job.owner))]
    )

"""Tells people that their order was interrupted before it was placed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import discord

from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.own_messages import find_own_message
from bot.discord_ui.replies import NO_MENTIONS, is_lasting_refusal, send_reply
from bot.discord_ui.requester import FRONT_END
from storage.domain.begun_order import BegunOrder
from storage.domain.job import ReplyTarget

log = logging.getLogger(__name__)

# in seconds
INTERVAL = 3.0  # between two looks
GRACE = 5.0  # for orders in progress when the bot is stopped
TELL = 3.0  # for telling people when the bot is stopped

UNKNOWN_MESSAGE = 10008
ORIGINAL: Any = "@original"  # discord.py names a message by its number only


class InterruptedOrders:
    """Looks for begun orders that no process works on, and tells each person once."""

    def __init__(self, client: MutoscopeClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._clock = clock

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.tell(await self._client.studio.begun_orders.left_over(FRONT_END))
            except Exception:
                log.exception("an interrupted order could not be told yet")
            await asyncio.sleep(INTERVAL)

    async def finish(self) -> None:
        """Wait for the orders in progress; cancel those that last too long and tell their people.

        No new order may begin meanwhile.
        """
        running = dict(self._client.orders)
        if not running:
            return
        _, late = await asyncio.wait(running.values(), timeout=GRACE)
        for task in late:
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
        left = await self._client.studio.begun_orders.left_over(FRONT_END)
        try:
            async with asyncio.timeout(TELL):
                await self.tell([order for order in left if order.id in running])
        except Exception as error:
            log.warning("orders are told at the next start that they were interrupted: %r", error)

    async def tell(self, found: list[BegunOrder]) -> None:
        """Tell the people of these begun orders, and delete them."""
        for begun_order in found:
            if not await self._client.studio.begun_orders.claim(begun_order):
                continue
            try:
                await self._tell(begun_order)
            except (discord.HTTPException, OSError, TimeoutError) as error:
                log.warning("an interrupted order could not be told yet: %r", error)
                continue
            await self._client.studio.begun_orders.drop(begun_order.id)

    async def _tell(self, begun_order: BegunOrder) -> None:
        """Try each way; a way returns True where the person was told or needs not be told."""
        text = "⚠️ " + self._client.texts.text(begun_order.locale, "order_interrupted")
        ways = [self._edit_by_token, self._edit_in_channel, self._post, self._send_directly]
        if not begun_order.reply_to.channel:  # of a private order
            ways = [self._edit_by_token, self._send_directly]
        for way in ways:
            try:
                if await way(begun_order, text):
                    return
            except discord.HTTPException as error:
                if error.code == UNKNOWN_MESSAGE:
                    return  # it was deleted when the order was refused
                if not is_lasting_refusal(error):
                    raise
        log.info("nobody can be told of the interrupted order %s", begun_order.id)

    async def _edit_by_token(self, begun_order: BegunOrder, text: str) -> bool:
        reply_to = begun_order.reply_to
        if not reply_to.token or reply_to.token_expires < self._clock():
            return False
        webhook = discord.Webhook.partial(
            int(reply_to.application), reply_to.token, client=self._client
        )
        try:
            message = int(reply_to.message) if reply_to.message else ORIGINAL
            await webhook.edit_message(
                message, content=text, view=None, allowed_mentions=NO_MENTIONS
            )
        except discord.NotFound:
            log.info("the order %s was never acknowledged, or was refused", begun_order.id)
        return True

    async def _edit_in_channel(self, begun_order: BegunOrder, text: str) -> bool:
        if not begun_order.reply_to.token:
            return False
        channel = self._channel(begun_order.reply_to)
        if begun_order.reply_to.message:
            message = channel.get_partial_message(int(begun_order.reply_to.message))
            await message.edit(content=text, allowed_mentions=NO_MENTIONS)
            return True
        found = await find_own_message(
            self._client,
            channel,
            begun_order.begun,
            lambda message: _answers(message, begun_order.id),
        )
        if found is not None:
            await found.edit(content=text, allowed_mentions=NO_MENTIONS)
        return True  # not found: it was never acknowledged, and Discord said so

    async def _post(self, begun_order: BegunOrder, text: str) -> bool:
        """Post a message, as a reply to the target of a reaction."""
        channel, content = self._channel(begun_order.reply_to), f"<@{begun_order.owner}> {text}"
        if await self._was_sent(channel, begun_order, content):
            return True
        owner = [discord.Object(int(begun_order.owner))]
        mentions = discord.AllowedMentions(everyone=False, roles=False, users=owner)
        options: dict[str, Any] = {"nonce": _nonce(begun_order), "allowed_mentions": mentions}
        if not begun_order.target:
            await channel.send(content, **options)
            return True
        target = discord.MessageReference(
            message_id=int(begun_order.target), channel_id=channel.id, fail_if_not_exists=False
        )
        await send_reply(channel, target, content, **options)
        return True

    async def _send_directly(self, begun_order: BegunOrder, text: str) -> bool:
        channel = await self._client.create_dm(discord.Object(int(begun_order.owner)))
        if not await self._was_sent(channel, begun_order, text):
            await channel.send(text, nonce=_nonce(begun_order))
        return True

    async def _was_sent(
        self, channel: discord.abc.Messageable, begun_order: BegunOrder, content: str
    ) -> bool:
        """Tell whether an earlier process, or a refused reaction's reply, told the person."""

        def tells(message: discord.Message) -> bool:
            reference = message.reference and message.reference.message_id
            replied = bool(begun_order.target) and str(reference) == begun_order.target
            return message.content == content or (
                replied and message.content.startswith(f"<@{begun_order.owner}> ⚠️")
            )

        if not begun_order.told and not begun_order.target:
            return False
        return await find_own_message(self._client, channel, begun_order.begun, tells) is not None

    def _channel(self, reply_to: ReplyTarget) -> discord.PartialMessageable:
        guild = int(reply_to.guild) if reply_to.guild else None
        return self._client.get_partial_messageable(int(reply_to.channel), guild_id=guild)


def _nonce(begun_order: BegunOrder) -> str:
    return f"i{begun_order.id}"[:25]


def _answers(message: discord.Message, interaction: str) -> bool:
    metadata = message.interaction_metadata
    return metadata is not None and str(metadata.id) == interaction


def register(client: MutoscopeClient) -> None:
    """Let the client finish or tell the orders in progress before it closes."""
    client.before_close.append(InterruptedOrders(client).finish)

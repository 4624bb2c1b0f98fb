"""Where a job's messages are sent and edited, and what discord.py is given for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord

from bot.discord_ui.cards.card import Card
from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.commands.buttons import button_view
from bot.discord_ui.commands.mail import MailButton
from bot.discord_ui.replies import NO_MENTIONS
from bot.studio.privacy.private_orders import is_private
from storage.domain.delivery_state import Way
from storage.domain.job import Job, ReplyTarget, Status

TOKEN_MARGIN = 10.0  # seconds before a token expires in which it is not used


class MessagePlaces:
    """Finds the places of messages, without asking Discord unless a direct message is opened."""

    def __init__(self, client: MutoscopeClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock

    def token_lives(self, reply_to: ReplyTarget) -> bool:
        """Tell whether an interaction's token can be used yet."""
        alive = reply_to.token_expires >= self._clock() + TOKEN_MARGIN
        return bool(reply_to.token) and alive

    def age(self, reply_to: ReplyTarget) -> float:
        """Return how many seconds ago a message was posted."""
        if not reply_to.message:
            return 0.0
        return self._clock() - discord.utils.snowflake_time(int(reply_to.message)).timestamp()

    def webhook(self, reply_to: ReplyTarget) -> discord.Webhook:
        """Return what sends and edits by an interaction's token."""
        return discord.Webhook.partial(
            int(reply_to.application), reply_to.token, client=self._client
        )

    async def target(self, job: Job, way: Way) -> discord.abc.Messageable:
        """Return where a new message goes."""
        if way is Way.DIRECT:
            return await self._client.create_dm(discord.Object(int(job.owner)))
        return self.channel(job)

    def channel(self, job: Job) -> discord.PartialMessageable:
        """Return where everybody sees a job's messages."""
        assert not is_private(job.request), "a private clip must not come into a channel"
        reply_to = job.reply_to
        guild = int(reply_to.guild) if reply_to.guild else None
        return self._client.get_partial_messageable(int(reply_to.channel), guild_id=guild)

    def payload(self, job: Job, card: Card) -> dict[str, Any]:
        """Return discord.py's arguments for an edit, with a fresh file."""
        return {
            "content": card.content,
            "embed": None,  # in which an earlier release showed previews
            "attachments": [card.attachment.to_file()] if card.attachment else [],
            "view": self._view(job, card),
            "allowed_mentions": NO_MENTIONS,
        }

    def _view(self, job: Job, card: Card) -> discord.ui.View:
        """Return a card's buttons; a private clip from a server can be posted there later."""
        texts, place = self._client.texts, job.reply_to
        view = button_view(card.actions, job.id, job.locale, texts, card.choices)
        has_clip = job.status is Status.DONE and card.attachment is not None
        if has_clip and place.guild and is_private(job.request):
            label = texts.text(job.locale, "mail_button")
            view.add_item(MailButton(place.channel, job.id, label))
        return view


def reference_to(channel: str, message: str) -> discord.MessageReference:
    """Return a reference to a message, which may be gone."""
    return discord.MessageReference(
        message_id=int(message), channel_id=int(channel), fail_if_not_exists=False
    )

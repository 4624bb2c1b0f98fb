"""Order: takes a person's pictures, and makes one clip of each, all or none."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import discord

from bot.discord_ui.client import Interaction
from bot.discord_ui.commands.uploads import check_upload, fetch
from bot.discord_ui.replies import NOBODY, quote, reply_errors
from bot.discord_ui.requester import check_permissions, requester
from bot.studio.options import Options
from bot.studio.orders import OrderDraft
from storage.domain.errors import BadPicture

MOST = 4  # pictures in one order; Discord grants an app that is not in the server 5 more messages
NAME = 100  # characters of a file's name that are told


async def order(
    interaction: Interaction, pictures: Sequence[discord.Attachment], options: Options
) -> None:
    """Take an order: refuse at once what cannot be, acknowledge, then look at the pictures."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        check_permissions(interaction)
        client.studio.check(options)
        for picture in pictures:
            with _naming(interaction, picture, pictures):
                check_upload(picture)
        response = await interaction.response.defer(thinking=True)
        who = requester(interaction, response.message_id if response else None)
        async with client.desk.room(len(pictures)):
            drafts = []
            for picture in pictures:
                with _naming(interaction, picture, pictures):
                    draft = await client.studio.draft(who, await fetch(picture), options)
                drafts.append(draft)
            await client.studio.check_credits(who, drafts)
            async with _promised(interaction, drafts) as placed:
                await client.studio.order(who, placed)


@contextlib.contextmanager
def _naming(
    interaction: Interaction, picture: discord.Attachment, pictures: Sequence[discord.Attachment]
) -> Iterator[None]:
    """Say of several pictures which one will not do."""
    try:
        yield
    except BadPicture as error:
        if len(pictures) == 1:
            raise
        texts, locale = interaction.client.texts, interaction.locale.value
        name, reason = quote(picture.filename, NAME), texts.error(locale, error)
        raise BadPicture("picture_of_several", file=name, reason=reason) from error


@contextlib.asynccontextmanager
async def _promised(
    interaction: Interaction, drafts: Sequence[OrderDraft]
) -> AsyncIterator[list[OrderDraft]]:
    """Post a message for each further clip; take them back where nothing comes of the order."""
    posted: list[discord.WebhookMessage] = []
    placed = list(drafts[:1])
    text = "⏳ " + interaction.client.texts.text(interaction.locale.value, "card_queued")
    try:
        if len(drafts) > 1:  # until it is filled, a follow-up would become the answer itself
            await interaction.edit_original_response(content=text, allowed_mentions=NOBODY)
        for draft in drafts[1:]:
            # Without a message, a clip is posted at its end.
            reply_to = replace(draft.reply_to, message="")
            with contextlib.suppress(discord.HTTPException):
                message = await interaction.followup.send(text, wait=True, allowed_mentions=NOBODY)
                posted.append(message)
                reply_to = replace(reply_to, message=str(message.id))
            placed.append(replace(draft, reply_to=reply_to))
        yield placed
    except BaseException:
        for message in posted:
            with contextlib.suppress(discord.HTTPException):
                await message.delete()
        raise

"""Order: takes a person's pictures, and makes one clip of each, all or none."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import discord

from bot.discord_ui.client import Talk
from bot.discord_ui.commands.uploads import check_upload, fetch
from bot.discord_ui.replies import NOBODY, quoted, telling
from bot.discord_ui.requester import check_place, customer
from bot.studio.options import Options
from bot.studio.orders import Wish
from storage.domain.errors import BadPicture

MOST = 4  # pictures in one order; Discord grants an app that is not in the server 5 more messages
NAME = 100  # characters of a file's name that are told


async def order(
    interaction: Talk, pictures: Sequence[discord.Attachment], options: Options
) -> None:
    """Take an order: refuse at once what cannot be, acknowledge, then look at the pictures."""
    client = interaction.client
    async with telling(interaction, client.words):
        check_place(interaction)
        client.studio.check(options)
        for picture in pictures:
            with _naming(interaction, picture, pictures):
                check_upload(picture)
        response = await interaction.response.defer(thinking=True)
        who = customer(interaction, response.message_id if response else None)
        async with client.desk.room(len(pictures)):
            wishes = []
            for picture in pictures:
                with _naming(interaction, picture, pictures):
                    wish = await client.studio.wish(who, await fetch(picture), options)
                wishes.append(wish)
            await client.studio.check_credits(who, wishes)
            async with _promised(interaction, wishes) as placed:
                await client.studio.order(who, placed)


@contextlib.contextmanager
def _naming(
    interaction: Talk, picture: discord.Attachment, pictures: Sequence[discord.Attachment]
) -> Iterator[None]:
    """Say of several pictures which one will not do."""
    try:
        yield
    except BadPicture as error:
        if len(pictures) == 1:
            raise
        words, locale = interaction.client.words, interaction.locale.value
        name, reason = quoted(picture.filename, NAME), words.error(locale, error)
        raise BadPicture("picture_of_several", file=name, reason=reason) from error


@contextlib.asynccontextmanager
async def _promised(interaction: Talk, wishes: Sequence[Wish]) -> AsyncIterator[list[Wish]]:
    """Post a message for each further clip; take them back where nothing comes of the order."""
    posted: list[discord.WebhookMessage] = []
    placed = list(wishes[:1])
    text = "⏳ " + interaction.client.words.text(interaction.locale.value, "card_queued")
    try:
        if len(wishes) > 1:  # until it is filled, a follow-up would become the answer itself
            await interaction.edit_original_response(content=text, allowed_mentions=NOBODY)
        for wish in wishes[1:]:
            place = replace(wish.place, message="")  # without one, a clip is posted at its end
            with contextlib.suppress(discord.HTTPException):
                message = await interaction.followup.send(text, wait=True, allowed_mentions=NOBODY)
                posted.append(message)
                place = replace(place, message=str(message.id))
            placed.append(replace(wish, place=place))
        yield placed
    except BaseException:
        for message in posted:
            with contextlib.suppress(discord.HTTPException):
                await message.delete()
        raise

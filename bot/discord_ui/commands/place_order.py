"""Places an order: one clip of each picture, all or none."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

import discord

from bot.discord_ui.client import Interaction
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import NO_MENTIONS, quote, reply_errors
from bot.discord_ui.requester import defer
from bot.discord_ui.uploads import check_upload, download
from bot.studio.options import Options
from bot.studio.orders import OrderDraft
from storage.domain.errors import BadPicture

MAX_PICTURES = 4  # in one order: an app that is not in the server may send 5 follow-ups
MAX_FILE_NAME = 100  # characters


async def place_order(
    interaction: Interaction, pictures: Sequence[discord.Attachment], options: Options
) -> None:
    """Refuse at once what is certain to fail, acknowledge, then download and inspect."""
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        check_permissions(interaction)
        client.studio.check(options)
        for picture in pictures:
            with _naming_picture(interaction, picture, pictures):
                check_upload(picture)
        requester = await defer(interaction)
        async with client.upload_limiter.slots(len(pictures)):
            drafts = []
            for picture in pictures:
                with _naming_picture(interaction, picture, pictures):
                    draft = await client.studio.draft(requester, await download(picture), options)
                drafts.append(draft)
            await client.studio.check_credits(requester, drafts)
            async with _with_messages(interaction, drafts) as placed:
                await client.studio.order(requester, placed)


@contextlib.contextmanager
def _naming_picture(
    interaction: Interaction, picture: discord.Attachment, pictures: Sequence[discord.Attachment]
) -> Iterator[None]:
    """Add the file's name to the BadPicture of one of several pictures."""
    try:
        yield
    except BadPicture as error:
        if len(pictures) == 1:
            raise
        texts, locale = interaction.client.texts, interaction.locale.value
        name, reason = quote(picture.filename, MAX_FILE_NAME), texts.error(locale, error)
        raise BadPicture("picture_of_several", file=name, reason=reason) from error


@contextlib.asynccontextmanager
async def _with_messages(
    interaction: Interaction, drafts: Sequence[OrderDraft]
) -> AsyncIterator[list[OrderDraft]]:
    """Post a message for each further clip, and delete them if the block raises."""
    posted: list[discord.WebhookMessage] = []
    placed = list(drafts[:1])
    text = "⏳ " + interaction.client.texts.text(interaction.locale.value, "card_queued")
    try:
        if len(drafts) > 1:  # the first follow-up to a deferred response becomes the response
            await interaction.edit_original_response(content=text, allowed_mentions=NO_MENTIONS)
        for draft in drafts[1:]:
            reply_to = replace(draft.reply_to, message="")  # then the delivery posts the clip
            with contextlib.suppress(discord.HTTPException):
                message = await interaction.followup.send(
                    text, wait=True, allowed_mentions=NO_MENTIONS
                )
                posted.append(message)
                reply_to = replace(reply_to, message=str(message.id))
            placed.append(replace(draft, reply_to=reply_to))
        yield placed
    except BaseException:
        for message in posted:
            with contextlib.suppress(discord.HTTPException):
                await message.delete()
        raise

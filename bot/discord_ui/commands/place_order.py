"""Places an order: one clip of each picture, all or none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import discord

from bot.discord_ui.client import Interaction
from bot.discord_ui.permissions import check_permissions
from bot.discord_ui.replies import NO_MENTIONS, quote, reply_errors
from bot.discord_ui.requester import run_order
from bot.discord_ui.uploads import check_upload, download
from bot.studio.clips.end_picture import END_PICTURE, of_end_picture
from bot.studio.options import Options
from bot.studio.orders.order_draft import OrderDraft, Requester
from bot.studio.privacy.private_orders import asks_private
from storage.domain.errors import BadEndPicture, BadPicture

MAX_PICTURES = 4  # in one order: an app that is not in the server may send 5 follow-ups
ATTACHED = {END_PICTURE: "attached"}  # what stands for its key until it is downloaded
MAX_FILE_NAME = 100  # characters


async def place_order(
    interaction: Interaction,
    pictures: Sequence[discord.Attachment],
    options: Options,
    end_picture: discord.Attachment | None = None,
) -> None:
    """Refuse at once what is certain to fail, acknowledge, then download.

    end_picture is what all clips end with; without one, what the options name. Credits are checked
    before a picture is decoded.
    """
    client = interaction.client
    async with reply_errors(interaction, client.texts):
        check_permissions(interaction)
        client.studio.orders.check(options if end_picture is None else options.replace(**ATTACHED))
        if end_picture is not None:
            with of_end_picture():
                check_upload(end_picture)
        for picture in pictures:
            with _naming_picture(interaction, picture, pictures):
                check_upload(picture)
        await run_order(
            interaction,
            lambda requester: _place(interaction, requester, pictures, options, end_picture),
            private=asks_private(options),
        )


async def _place(
    interaction: Interaction,
    requester: Requester,
    pictures: Sequence[discord.Attachment],
    options: Options,
    end_picture: discord.Attachment | None,
) -> None:
    client = interaction.client
    ends = [] if end_picture is None else [end_picture]
    sizes = [picture.size for picture in (*pictures, *ends)]
    async with client.upload_limiter.slots(requester.owner, sizes):
        with of_end_picture():
            end = b"" if end_picture is None else await download(end_picture)
        drafts: list[OrderDraft] = []
        for picture in pictures:
            with _naming_picture(interaction, picture, pictures):
                data, own = await download(picture), _with_spoiler(options, picture, *ends)
                draft = await client.studio.orders.draft(requester, data, own, end)
            if drafts:  # the delivery posts a message for each further clip
                draft = replace(draft, reply_to=replace(draft.reply_to, message=""))
            drafts.append(draft)
        await client.studio.orders.check_credits(requester, drafts)
        for number, picture in enumerate(pictures):
            with _naming_picture(interaction, picture, pictures):
                drafts[number] = await client.studio.orders.inspect(requester, drafts[number])
        if len(drafts) > 1:  # the first follow-up to a deferred response becomes the response
            text = "⏳ " + client.texts.text(interaction.locale.value, "card_queued")
            await interaction.edit_original_response(content=text, allowed_mentions=NO_MENTIONS)
        await client.studio.orders.place(requester, drafts)


def _with_spoiler(options: Options, *pictures: discord.Attachment) -> Options:
    """Return the options of a clip's pictures; it is a spoiler if one of them is."""
    spoiler = any(picture.is_spoiler() for picture in pictures)
    return options.replace(spoiler=1) if spoiler else options


@contextlib.contextmanager
def _naming_picture(
    interaction: Interaction, picture: discord.Attachment, pictures: Sequence[discord.Attachment]
) -> Iterator[None]:
    """Add the file's name to the BadPicture of one of several pictures."""
    try:
        yield
    except BadEndPicture:
        raise
    except BadPicture as error:
        if len(pictures) == 1:
            raise
        texts, locale = interaction.client.texts, interaction.locale.value
        name, reason = quote(picture.filename, MAX_FILE_NAME), texts.error(locale, error)
        raise BadPicture("picture_of_several", file=name, reason=reason) from error

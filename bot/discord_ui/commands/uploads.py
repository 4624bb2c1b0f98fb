"""Uploads: fetches a picture that a person attached, if it is not too large."""

from __future__ import annotations

import discord

from storage.domain.errors import BadPicture, Unavailable

LIMIT = 32 * 2**20  # bytes; what a picture of the largest size we take may need


def check_upload(attachment: discord.Attachment) -> None:
    """Raise BadPicture where Discord's own word on the file tells that it will not do."""
    if attachment.size > LIMIT:
        raise BadPicture("picture_file_too_large", limit=LIMIT // 2**20)
    kind = (attachment.content_type or "").partition("/")[0]
    if kind in ("audio", "video", "text"):
        raise BadPicture("picture_not_an_image")


async def fetch(attachment: discord.Attachment) -> bytes:
    """Return the bytes of an attachment."""
    try:
        return await attachment.read()
    except discord.NotFound as error:
        raise BadPicture("picture_gone") from error
    except discord.HTTPException as error:
        raise Unavailable("unavailable_download") from error

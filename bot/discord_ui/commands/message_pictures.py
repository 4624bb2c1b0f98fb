"""The pictures of a message: attached, forwarded, or shown under a link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

import discord

from storage.domain.errors import BadPicture

_Part: TypeAlias = discord.Message | discord.MessageSnapshot

LINKED_BYTES = 8 * 2**20
"""The size that is assumed of a picture under a link, which Discord does not tell."""


def pictures_of(message: discord.Message) -> list[discord.Attachment]:
    """Return the pictures of a message and of those that it forwards; raise BadPicture."""
    parts: list[_Part] = [message, *message.message_snapshots]
    found = [picture for part in parts for picture in (*_attached(part), *_linked(part, message))]
    if not found:
        raise BadPicture("picture_none_in_message")
    return found


def _attached(part: _Part) -> Iterator[discord.Attachment]:
    for attachment in part.attachments:
        if (attachment.content_type or "image").startswith("image"):
            yield attachment


def _linked(part: _Part, message: discord.Message) -> Iterator[discord.Attachment]:
    """Yield the pictures in embeds, as Discord's proxy serves them: no other address is opened."""
    for embed in part.embeds:
        shown = embed.image if embed.image.proxy_url else embed.thumbnail
        if not shown.proxy_url:
            continue
        name = PurePosixPath(unquote(urlsplit(shown.url or "").path)).name or "picture"
        if _is_covered(embed.url or shown.url or "", part.content):
            name = f"SPOILER_{name}"
        # discord.py downloads attachments only.
        yield discord.Attachment(
            data={
                "id": message.id,
                "filename": name,
                "size": LINKED_BYTES,
                "url": shown.proxy_url,
                "proxy_url": shown.proxy_url,
            },
            state=message._state,
        )


def _is_covered(link: str, content: str) -> bool:
    """Tell whether a link stands between spoiler marks."""
    return any(link and link in text for text in re.findall(r"\|\|(.+?)\|\|", content, re.DOTALL))

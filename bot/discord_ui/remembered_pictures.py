"""The pictures of forms that may still be open; their addresses are too long for a custom_id."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Sequence

import discord

from storage.domain.errors import BadPicture

REMEMBERED = 1000


class RememberedPictures:
    """Attachments by the key that a form's custom_id has; the oldest are forgotten."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, Sequence[discord.Attachment]] = OrderedDict()

    def remember(self, pictures: Sequence[discord.Attachment]) -> str:
        """Keep these pictures; return their key."""
        key = secrets.token_hex(8)
        self._pictures[key] = pictures
        while len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        return key

    def get(self, key: str) -> Sequence[discord.Attachment]:
        """Return the pictures of a key; raise BadPicture where they are forgotten."""
        if key not in self._pictures:
            raise BadPicture("picture_forgotten")
        return self._pictures[key]

"""The content of one job's message."""

from __future__ import annotations

import io
from dataclasses import dataclass

import discord

from storage.domain.clip import Clip
from storage.domain.job import Job


@dataclass(frozen=True, slots=True)
class CardAttachment:
    """A file's name and its bytes."""

    name: str
    data: bytes

    @classmethod
    def of_clip(cls, job: Job, clip: Clip, data: bytes) -> CardAttachment:
        """Return a finished clip's file, under a name that no other clip has."""
        return cls(f"mutoscope-{job.id}.{clip.container.value}", data)

    def to_file(self) -> discord.File:
        """Return a new discord.File, which can be sent once."""
        return discord.File(io.BytesIO(self.data), self.name)


@dataclass(frozen=True, slots=True)
class Card:
    """Lines of text, the actions of its buttons, and perhaps an embed and a file."""

    content: str
    actions: tuple[str, ...]
    embed: discord.Embed | None = None
    attachment: CardAttachment | None = None

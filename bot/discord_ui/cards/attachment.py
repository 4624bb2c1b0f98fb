"""Enclosure: a file that goes along with a card."""

from __future__ import annotations

import io
from dataclasses import dataclass

import discord

from storage.domain.clip import Clip
from storage.domain.job import Job

PREVIEW = "preview.webp"


@dataclass(frozen=True, slots=True)
class CardAttachment:
    """A file's name and its bytes."""

    name: str
    data: bytes

    @classmethod
    def of_clip(cls, job: Job, clip: Clip, data: bytes) -> CardAttachment:
        """Return a finished clip's file, which may be saved beside others of its kind."""
        return cls(f"mutoscope-{job.id}.{clip.container.value}", data)

    def file(self) -> discord.File:
        """Return what discord.py sends; made anew each time, for it is read but once."""
        return discord.File(io.BytesIO(self.data), self.name)

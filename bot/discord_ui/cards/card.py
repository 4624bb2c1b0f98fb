"""The content of one job's message."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import discord

from storage.domain.clip import Clip
from storage.domain.job import Job

DESCRIPTION_LIMIT = 1024  # characters


@dataclass(frozen=True, slots=True)
class CardAttachment:
    """A file's name and its bytes, its text for those who do not see it, and if it is covered."""

    name: str
    data: bytes
    description: str = ""
    spoiler: bool = False

    @classmethod
    def of_clip(cls, job: Job, clip: Clip, data: bytes) -> CardAttachment:
        """Return a finished clip's file, under a name that no other clip has."""
        return cls.of_job(job, f"mutoscope-{job.id}.{clip.container.value}", data)

    @classmethod
    def of_job(cls, job: Job, name: str, data: bytes) -> CardAttachment:
        """Return a file that shows a job: described by its prompt, a spoiler if its picture was."""
        description = " ".join(job.request.prompt.split())[:DESCRIPTION_LIMIT]
        return cls(name, data, description, bool(dict(job.request.extra).get("spoiler")))

    def to_file(self) -> discord.File:
        """Return a new discord.File, which can be sent once."""
        return discord.File(
            io.BytesIO(self.data),
            self.name,
            spoiler=self.spoiler,
            description=self.description or None,
        )


@dataclass(frozen=True, slots=True)
class Card:
    """Lines of text, the first with the prompt, the actions of its buttons, and perhaps a file.

    choices has one value for each draft that can be chosen: whether it is the judge's pick.
    """

    content: str
    actions: tuple[str, ...]
    attachment: CardAttachment | None = None
    choices: tuple[bool, ...] = ()

    def without_prompt(self) -> Card:
        """Return the card without the words that moderation may block: its first line."""
        file = self.attachment and replace(self.attachment, description="")
        return replace(self, content=self.content.partition("\n")[2], attachment=file)

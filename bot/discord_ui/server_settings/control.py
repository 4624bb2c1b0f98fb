"""A control of /settings: what it is for is in its custom_id, so that it works after a restart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

import discord

PREFIX = "settings"
FORM = re.compile(r"(?P<scope>[hs]):(?P<page>[a-z]+):(?P<control>[a-z_]+):(?P<subject>[\w.]{0,60})")


@dataclass(frozen=True, slots=True)
class ControlName:
    """Which control of which page this is, about what, and whether for the whole service."""

    service: bool
    page: str
    control: str
    subject: str = ""

    def __str__(self) -> str:
        """Return the custom_id."""
        scope = "s" if self.service else "h"
        return f"{PREFIX}:{scope}:{self.page}:{self.control}:{self.subject}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the name in a custom_id, None where it is none."""
        found = FORM.fullmatch(text.removeprefix(f"{PREFIX}:"))
        if found is None:
            return None
        return cls(found["scope"] == "s", found["page"], found["control"], found["subject"])


class Control(discord.ui.DynamicItem[discord.ui.Item[Any]], template=rf"{PREFIX}:{FORM.pattern}"):
    """A button or a menu under the message of /settings."""

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 (the base class passes it)
        item: discord.ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003
        /,
    ) -> Self:
        """Return the control with this custom_id, as the message shows it."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it stands for, once where the gateway sends the press twice."""
        client = interaction.client
        if not client.is_new(interaction):
            return
        data: Any = interaction.data or {}
        values = [str(one) for one in data.get("values", ())]
        await client.controls[PREFIX](interaction, self.custom_id, values)

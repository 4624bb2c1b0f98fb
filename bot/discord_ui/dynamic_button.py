"""A button whose state is in its custom_id, so that it works after a restart."""

from __future__ import annotations

import re
from typing import Any, Self

import discord


class DynamicButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=""):
    """A base whose subclasses take the groups of their template as arguments."""

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 (the base class passes it)
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the button with this custom_id."""
        state: dict[str, Any] = match.groupdict()
        return cls(**state)

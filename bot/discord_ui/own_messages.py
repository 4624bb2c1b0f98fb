"""Finds messages that the bot may have sent before it was stopped."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

import discord

CLOCK_SKEW = 120.0  # seconds by which this machine's clock may be ahead of Discord's
SEARCHED = 1000  # messages

_OF_JOB = re.compile(r"(?:details|cancel):([0-9a-f]{16})")


async def find_own_message(
    client: discord.Client,
    channel: discord.abc.Messageable,
    since: float,
    matches: Callable[[discord.Message], bool],
) -> discord.Message | None:
    """Return the bot's first matching message in a channel since a time in unix seconds.

    Raise discord.HTTPException where the history may not be read.
    """
    start = datetime.fromtimestamp(since - CLOCK_SKEW, UTC)
    after = discord.Object(discord.utils.time_snowflake(start))
    us = client.user.id if client.user else 0
    async for message in channel.history(limit=SEARCHED, after=after, oldest_first=True):
        if message.author.id == us and matches(message):
            return message
    with contextlib.suppress(discord.NotFound):
        # Discord shows a history that may not be read as an empty one, but refuses a message of it.
        await channel.fetch_message(after.id)
    return None


def shows_job(message: discord.Message, job: str) -> bool:
    """Tell whether a message has a button of this job."""
    return any(custom_id.endswith(f":{job}") for custom_id in _custom_ids(message))


def shown_job(message: discord.Message) -> str:
    """Return the id of the job whose outcome or progress a message shows, empty where it is none's.

    The bot's own messages alone tell: others may have any buttons.
    """
    found = filter(None, map(_OF_JOB.fullmatch, _custom_ids(message)))
    return next((match[1] for match in found), "")


def shows_end(message: discord.Message, job: str) -> bool:
    """Tell whether a message shows the outcome of this job: only then it can be retried."""
    return f"again:{job}" in _custom_ids(message)


def shows_clip(message: discord.Message, job: str) -> bool:
    """Tell whether a message has the file of this job's clip, and not words in its place."""
    return any(f"mutoscope-{job}." in attachment.filename for attachment in message.attachments)


def _custom_ids(message: discord.Message) -> list[str]:
    return [
        getattr(item, "custom_id", None) or ""
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for item in row.children
    ]

"""Records messages that are to be deleted with a job."""

from __future__ import annotations

import aiohttp
import discord

from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.requester import FRONT_END
from storage.domain.errors import MutoscopeError
from storage.domain.privacy.leftover import Leftover, LeftoverKind
from storage.domain.privacy.post import Post, PostKind


async def record_post(
    client: MutoscopeClient, sent: discord.Message, job_id: str, kind: PostKind
) -> None:
    """Record a message about a job; where that fails, delete it and raise JobGone or Unavailable.

    Discord tells its id only after it was sent.
    """
    try:
        post = Post(job_id, FRONT_END, str(sent.channel.id), str(sent.id), kind)
        await client.studio.privacy.posts.add(post)
    except MutoscopeError:
        await take_back(client, sent)
        raise


async def take_back(client: MutoscopeClient, sent: discord.Message) -> None:
    """Delete a message whose job was deleted while it was sent; later where that fails."""
    try:
        await sent.delete()
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        left = Leftover(LeftoverKind.MESSAGE, str(sent.id), str(sent.channel.id), FRONT_END)
        await client.studio.privacy.leftovers.record([left])

"""Deletes the messages of jobs whose owner is forgotten, where the bot may."""

from __future__ import annotations

import time
from collections.abc import Callable

import aiohttp
import discord

from bot.discord_ui.client import MutoscopeClient
from bot.discord_ui.replies import is_lasting_refusal
from bot.discord_ui.requester import FRONT_END
from bot.studio.keep_running import keep_running
from storage.domain.privacy.leftover import Leftover, LeftoverKind

INTERVAL = 3.0  # seconds between two looks
PAUSE = 60.0  # seconds until a message that could not be deleted is tried again
MOST_TRIES = 1440  # about a day


class MessageRemoval:
    """Deletes what LeftoverTable lists of this front end; a second bot finds it deleted."""

    def __init__(self, client: MutoscopeClient, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = client.studio.privacy.leftovers
        self._clock = clock

    async def run(self) -> None:
        """Delete until cancelled."""
        await keep_running(self.remove, INTERVAL, "messages are deleted later")

    async def remove(self) -> None:
        """Delete the messages that are due."""
        for left in await self._table.due((LeftoverKind.MESSAGE,), self._clock()):
            if left.front != FRONT_END:
                continue
            if await self._delete(left) or left.tries >= MOST_TRIES:
                await self._table.drop(left)
            else:
                await self._table.postpone(left, self._clock() + PAUSE)

    async def _delete(self, left: Leftover) -> bool:
        """Delete a message; return False where another try may succeed."""
        if not (left.place.isdigit() and left.name.isdigit()):
            return True
        channel = self._client.get_partial_messageable(int(left.place))
        try:
            await channel.get_partial_message(int(left.name)).delete()
        except discord.HTTPException as error:
            return is_lasting_refusal(error)
        except (aiohttp.ClientError, OSError):
            return False
        return True

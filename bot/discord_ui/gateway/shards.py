"""The bot's connections to the gateway: how many, which of them work, and who may identify when."""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict

from discord.gateway import ReconnectWebSocket
from discord.shard import Shard

IDENTIFY_SECONDS = 5.0  # between two identifies of one turn, by Discord's rule


class IdentifyTurns:
    """Lets shards identify as often as Discord allows, and no more often.

    Shards whose numbers are equal modulo max_concurrency share a turn.
    """

    def __init__(self, max_concurrency: int = 1) -> None:
        self._turns = max(1, max_concurrency)
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._latest: dict[int, float] = {}  # monotonic seconds

    async def wait(self, shard: int) -> None:
        """Return when this shard may identify."""
        turn = shard % self._turns
        async with self._locks[turn]:
            free_at = self._latest.get(turn, -math.inf) + IDENTIFY_SECONDS
            await asyncio.sleep(max(0.0, free_at - time.monotonic()))
            self._latest[turn] = time.monotonic()


class ResumingShard(Shard):
    """A shard that asks for the events it missed in an outage, as a discord.Client does."""

    async def reconnect(self) -> None:
        """Connect again; the gateway says so where the session is over."""
        await self.reidentify(ReconnectWebSocket(self.id, resume=self.ws.session_id is not None))

"""Does in the background what one of all bots of a front end is to do about what is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot.studio.keep_running import keep_running
from bot.studio.privacy.privacy import Privacy
from bot.studio.privacy.retention import BATCH

log = logging.getLogger(__name__)

# in seconds
START = 60.0  # until the first look, so that outcomes of an outage are taken first
INTERVAL = 15.0  # between two steps: the whole blob store is looked at in about an hour
PAUSE = 0.5  # between two batches of deletions, so that other work goes on


class DataKeeper:
    """Deletes what is too old, what nothing names, and the oldest where there is too much."""

    def __init__(self, privacy: Privacy, is_first: Callable[[], bool]) -> None:
        """is_first tells whether this bot is the one."""
        self._privacy = privacy
        self._is_first = is_first

    async def run(self) -> None:
        """Work until cancelled."""
        await asyncio.sleep(START)
        await keep_running(self._step_if_first, INTERVAL, "what is kept is looked at later")

    async def _step_if_first(self) -> None:
        if self._is_first():
            await self.step()

    async def step(self) -> None:
        """Delete what is due, and sweep a part of the blob store."""
        retention, sweep = self._privacy.retention, self._privacy.sweep
        more = True
        while more:
            looked_at = await retention.delete_old(), await retention.delete_old_records()
            more = max(looked_at) >= BATCH
            await asyncio.sleep(PAUSE)
        await sweep.step()
        await self._make_room()

    async def _make_room(self) -> None:
        """Delete the oldest orders until the blob store is below its limit."""
        retention, sweep = self._privacy.retention, self._privacy.sweep
        limit = retention.rules.most_bytes
        while limit and sweep.total is not None and sweep.total > limit:
            oldest = await retention.oldest()
            if not oldest:
                log.warning("BLOB_LIMIT is exceeded by what unfinished orders and styles need")
                return
            sizes = await sweep.sizes(await retention.blobs_of(oldest))
            await retention.delete_all(oldest)
            await sweep.measure_again(sizes)
            await asyncio.sleep(PAUSE)

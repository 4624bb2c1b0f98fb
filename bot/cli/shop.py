"""The use cases behind the command line, put together as the bot puts them together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from bot.dispatch.dispatcher import Dispatcher
from bot.studio.events import EventBus
from bot.studio.orders import Requester
from bot.studio.studio import Studio
from storage.blobs import Blobs
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.job import Place
from storage.queue.client import Queue
from storage.settings import Settings

FRONT = "cli"
OWNER = "cli"
SIZE_LIMIT = 1 << 30
UNBOUNDED = QuotaRow(credits_per_day=10**9, unfinished_jobs=10**6)
"""Whoever may run commands on the machine owns it: nothing holds them but its hardware."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What one run of the command works with."""

    studio: Studio
    jobs: Jobs
    blobs: Blobs

    def requester(self, locale: str) -> Requester:
        """Return the person at the terminal."""
        return Requester(OWNER, locale, Place(front=FRONT), SIZE_LIMIT)


@contextlib.asynccontextmanager
async def open_shop(settings: Settings) -> AsyncIterator[Shop]:
    """Open database, blobs and queue, and feed the workers for as long as the block lasts."""
    catalogue = unbounded(settings.catalogue())
    engine = await open_database(settings.database_url)
    queue = await Queue.connect(settings.redis_url)
    events = EventBus()
    jobs = Jobs(engine, catalogue)
    blobs = Blobs.open(settings.blob_url)
    hardware = settings.hardware(catalogue)
    studio = Studio(jobs, blobs, queue, catalogue, hardware, events)
    feeding = asyncio.create_task(Dispatcher(jobs, blobs, queue, events).run())
    try:
        yield Shop(studio, jobs, blobs)
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        studio.close()
        await queue.close()
        await engine.dispose()


def unbounded(catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with a quota that never runs out."""
    return replace(catalogue, quota=UNBOUNDED)

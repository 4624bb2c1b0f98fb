"""Puts the service together from its settings: database, blobs, queue, studio and dispatcher."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from bot.dispatch.dispatcher import Dispatcher
from bot.metrics import BotMetrics
from bot.studio.admission import Admission
from bot.studio.events import EventBus
from bot.studio.studio import Studio
from storage.blobs import Blobs
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.catalogue import QuotaRow
from storage.domain.errors import Unavailable
from storage.queue.client import Queue
from storage.settings import Settings

log = logging.getLogger("bot")


@dataclass(frozen=True, slots=True)
class Service:
    """What a front end uses: the studio; and run(), which dispatches its jobs meanwhile."""

    studio: Studio
    _dispatcher: Dispatcher

    async def run(self) -> None:
        """Dispatch jobs to the workers until cancelled."""
        await self._dispatcher.run()


@contextlib.asynccontextmanager
async def open_service(
    settings: Settings, quota: QuotaRow | None = None, metrics_port: int | None = None
) -> AsyncIterator[Service]:
    """Open everything, and close it at the end of the block.

    quota replaces the catalogue's. Metrics are served on metrics_port (0: any free port) unless it
    is None. Raises Unavailable where the database cannot be opened.
    """
    admission = read_admission(settings, quota)
    async with contextlib.AsyncExitStack() as stack:
        engine = await open_database(settings.database_url)
        stack.push_async_callback(engine.dispose)
        queue = await Queue.connect(settings.redis_url)
        stack.push_async_callback(queue.close)
        jobs, events = Jobs(engine, admission.catalogue), EventBus()
        blobs = Blobs.open(settings.blob_url)
        studio = Studio(jobs, blobs, queue, admission, events)
        stack.callback(studio.close)
        if metrics_port is not None:
            metrics = BotMetrics(jobs, queue)
            runner = await metrics.serve(metrics_port)
            stack.push_async_callback(runner.cleanup)
            log.info("metrics: http://127.0.0.1:%d/metrics", runner.addresses[0][1])
            counting = asyncio.create_task(metrics.listen(events.subscribe()))
            stack.callback(counting.cancel)
        yield Service(studio, Dispatcher(jobs, blobs, queue, events))


def read_admission(settings: Settings, quota: QuotaRow | None = None) -> Admission:
    """Return what may be ordered by these settings; raise SettingsError or CatalogueError."""
    catalogue = settings.catalogue()
    if quota is not None:
        catalogue = replace(catalogue, quota=quota)
    return Admission(catalogue, settings.hardware(catalogue))


async def count_workers(redis_url: str) -> int | None:
    """Return how many workers are alive at this Redis; None where no Redis answers."""
    queue = await Queue.connect(redis_url)
    try:
        return await queue.workers()
    except Unavailable:
        return None
    finally:
        await queue.close()

"""Puts the service together from its settings: database, blobs, queue, studio and dispatcher."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from bot.dispatch.billing import Billing
from bot.dispatch.dispatcher import Dispatcher
from bot.dispatch.relay import ChangeRelay
from bot.dispatch.scaling import Scaling
from bot.health import Readiness
from bot.metrics import BotMetrics, ChatTraffic
from bot.studio.content.content_rules import ContentRules
from bot.studio.events import EventBus
from bot.studio.lease import Lease
from bot.studio.orders.admission import Admission
from bot.studio.privacy.data_keeper import DataKeeper
from bot.studio.studio import Studio
from storage import blobs as blob_store
from storage.blobs import Blobs
from storage.database import connect as database
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.catalogue import QuotaRow
from storage.domain.errors import Unavailable
from storage.domain.privacy.retention import RetentionRules
from storage.domain.text import printable
from storage.pictures.processes import PictureProcesses
from storage.queue import connection as redis_connection
from storage.queue.client import Queue
from storage.settings import Settings

log = logging.getLogger("bot")


@dataclass(frozen=True, slots=True)
class Service:
    """What a front end uses: the studio; and run(), which dispatches its jobs meanwhile."""

    studio: Studio
    _work: tuple[Callable[[], Coroutine[Any, Any, None]], ...]

    async def run(self) -> None:
        """Dispatch jobs to the workers, and bill these, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for run in self._work:
                group.create_task(run())


@contextlib.asynccontextmanager
async def open_service(
    settings: Settings,
    quota: QuotaRow | None = None,
    *,
    metrics_port: int | None = None,
    gateway_ready: Callable[[], bool] = lambda: True,
    traffic: ChatTraffic | None = None,
    front: str = "",
    operators: Collection[str] = (),
    retention: RetentionRules | None = None,
) -> AsyncIterator[Service]:
    """Open everything, and close it at the end of the block.

    quota replaces the catalogue's. Metrics and the service's health are served on metrics_port (0:
    any free port) unless it is None; gateway_ready is the front end's share of that health, traffic
    its share of the metrics. front names a front end of which other processes may show jobs of the
    same database. operators are the ids of those who decide for the whole service. retention is
    for how long what is ordered is kept.
    Raises SettingsError, and Unavailable where the database cannot be opened.
    """
    check_urls(settings)
    admission, prices = read_admission(settings, quota), settings.prices()
    rules = ContentRules.read(settings)
    async with contextlib.AsyncExitStack() as stack:
        engine = await open_database(settings.database_url)
        stack.push_async_callback(engine.dispose)
        queue = await Queue.connect(settings.redis_url)
        stack.push_async_callback(queue.close)
        jobs, events = Jobs(engine, admission.catalogue), EventBus()
        blobs = Blobs.open(settings.blob_url)
        await blobs.check(settings.blob_url)
        scaling = Scaling(
            *(jobs, queue),
            prices=prices,
            offer=settings.gpu_offer,
            wait_limit=settings.wait_limit,
        )
        lease = None
        if front:
            lease = Lease(jobs.bots, events, front, settings.mutoscope_home / "bots")
            stack.push_async_callback(lease.leave)
        decoders = PictureProcesses()
        stack.callback(decoders.close)
        stack.callback(rules.close)
        studio = Studio(
            *(jobs, blobs, queue, admission, events),
            decoders=decoders,
            rental=lambda: scaling.advice,
            lease=lease,
            styles_dir=settings.styles_dir,
            operators=operators,
            content=rules,
            retention=retention,
        )
        dispatcher = Dispatcher(jobs, blobs, queue, events)
        metrics = BotMetrics(
            *(jobs, queue, dispatcher.set_aside, scaling),
            catalogue=admission.catalogue,
            traffic=traffic,
            refused=studio.content.refused,
        )
        billing = Billing(jobs, queue, prices, metrics.add_bills)
        if metrics_port is not None:
            runner = await metrics.serve(metrics_port, Readiness(jobs, queue, gateway_ready).serve)
            stack.push_async_callback(runner.cleanup)
            log.info("metrics: http://127.0.0.1:%d/metrics", runner.addresses[0][1])
            counting = asyncio.create_task(metrics.listen(events.subscribe()))
            stack.callback(counting.cancel)
        noting = asyncio.create_task(studio.content.listen(events.subscribe()))
        stack.callback(noting.cancel)
        work = [dispatcher.run, billing.run, scaling.run, ChangeRelay(jobs, queue, events).run]
        work.append(studio.privacy.run)
        if lease is not None:
            work += [lease.run, DataKeeper(studio.privacy, lease.is_first).run]
        if front and rules.checker is not None:
            rules.checker.start_soon()
        yield Service(studio, tuple(work))


def read_admission(settings: Settings, quota: QuotaRow | None = None) -> Admission:
    """Return what may be ordered by these settings; raise SettingsError or CatalogueError."""
    catalogue, profiles = settings.offered()
    if quota is not None:
        catalogue = replace(catalogue, quota=quota)
    profile = profiles[catalogue.default_model]
    return Admission(
        catalogue,
        profile,
        profiles=profiles,
        text_to_image=settings.text_to_image(),
        picture_languages=tuple(settings.picture_languages.split()),
    )


def check_urls(settings: Settings) -> None:
    """Raise SettingsError where an address is wrong, before anything is opened."""
    database.parse_url(settings.database_url)
    redis_connection.checked_url(settings.redis_url)
    blob_store.check_url(settings.blob_url)


def explain(error: Unavailable, settings: Settings) -> dict[str, str]:
    """Return place and reason of what cannot be used, for whoever runs the service."""
    places = {
        "unavailable_database": (database.place_of, settings.database_url),
        "unavailable_queue": (redis_connection.place_of, settings.redis_url),
        "unavailable_storage": (blob_store.place_of, settings.blob_url),
    }
    if error.key not in places:
        return {}
    place_of, url = places[error.key]
    cause = getattr(error.__cause__, "orig", None) or error.__cause__ or error
    reason = getattr(cause, "strerror", None) or str(cause) or "no answer in time"
    return {
        "place": place_of(url),
        "reason": printable(reason.strip().partition("\n")[0].rstrip(".")),
    }


async def check_login(settings: Settings) -> None:
    """Raise SettingsError where Redis refuses the login; one that is away is only logged."""
    check_urls(settings)
    await redis_connection.check_login(settings.redis_url)


async def count_workers(redis_url: str, model: str) -> int:
    """Return how many workers of a model are alive; raise Unavailable where no Redis answers."""
    queue = await Queue.connect(redis_url)
    try:
        return (await queue.workers_by_model())[model]
    finally:
        await queue.close()

"""One worker: an engine in a child process that makes the clips which the queue orders."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from dataclasses import replace

from aiohttp import web

from gpu_worker.credentials.opening import open_signer
from gpu_worker.engine.connection import NotLoaded
from gpu_worker.engine.supervisor import EngineProcess
from gpu_worker.generate import Generator
from gpu_worker.life import LifeClock
from gpu_worker.metrics import WorkerMetrics
from gpu_worker.settings import WorkerSettings
from gpu_worker.style_files import StyleFiles
from storage.blobs import Blobs
from storage.pictures.processes import LANES, PictureProcesses
from storage.queue.connection import check_login
from storage.queue.consumer import serve
from storage.queue.heartbeat import report_end

log = logging.getLogger("gpu_worker")

DECODING = (replace(LANES[0], seconds=5.0), replace(LANES[1], seconds=15.0))
"""A picture that the bot has read may take more of a slower processor, or beside a busy engine."""


async def work(settings: WorkerSettings) -> int:
    """Serve orders until stopped; return the exit status (1: the model cannot be loaded).

    Raise SettingsError where Redis refuses the login, or the blob store or the certificate of the
    clips' credentials cannot be used.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    signer = await asyncio.to_thread(open_signer, settings)
    blobs, served = Blobs.open(settings.blob_url), settings.served()
    await blobs.check(settings.blob_url)
    await check_login(settings.redis_url)
    engine = EngineProcess(settings.engine(), settings.engine_timeouts)
    engine.start()  # it loads while the rest is set up and connected
    metrics = WorkerMetrics(engine, signer=signer)
    port, idle, name = settings.metrics_port, settings.idle_exit_seconds, settings.worker_name
    server = None if port is None else await _metrics_server(metrics, port)
    life = LifeClock(name, served.name, settings.gpu_offer)
    watchers = [
        asyncio.create_task(one)
        for one in (_stop_if_broken(engine, stop), _note_ready(engine, life))
    ]
    if idle:
        watchers.append(asyncio.create_task(_stop_if_idle(engine, metrics, idle, stop)))
    log.info("worker %s takes orders", name)
    decoders, content = PictureProcesses(DECODING), settings.content_checker()
    try:
        generator = Generator(
            *(engine, blobs, decoders.open, name, served),
            depth_model=settings.depth_name,
            picture_model=settings.picture_name,
            styles=StyleFiles(settings.styles_folder) if settings.takes_styles else None,
            content=content,
            signer=signer,
        )
        handler = metrics.instrument(generator)
        await serve(
            handler, settings, name, stop, grace=settings.drain_seconds, life=life.until_now
        )
    finally:
        broken = engine.broken is not None
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        decoders.close()
        if content is not None:
            content.close()
        await engine.stop()
        if server is not None:
            await server.cleanup()
        await asyncio.to_thread(report_end, settings.redis_url, life.at_end())
    log.info("worker %s has stopped", name)
    return int(broken)


async def _metrics_server(metrics: WorkerMetrics, port: int) -> web.AppRunner | None:
    """Serve the metrics; a port that is taken is logged and does not stop the worker."""
    try:
        server = await metrics.serve(port)
    except OSError as error:
        log.warning("metrics cannot be served: %s", error)
        return None
    log.info("metrics are at port %d", server.addresses[0][1])
    return server


async def _stop_if_broken(engine: EngineProcess, stop: asyncio.Event) -> None:
    """Stop a worker whose model cannot be loaded, so that whoever runs it sees it fail."""
    log.error("the model cannot be loaded: %s", await engine.wait_until_broken())
    stop.set()


async def _note_ready(engine: EngineProcess, life: LifeClock) -> None:
    with contextlib.suppress(NotLoaded):
        await engine.warm()
        life.become_ready()


async def _stop_if_idle(
    engine: EngineProcess, metrics: WorkerMetrics, limit: float, stop: asyncio.Event
) -> None:
    """Stop after so many seconds without an order in which the model was there to make one."""
    try:
        await engine.warm()
    except NotLoaded:  # _stop_if_broken stops the worker
        return
    began = time.monotonic()
    while True:
        left = limit - min(metrics.idle, time.monotonic() - began)
        if left <= 0:
            break
        await asyncio.sleep(left)
    log.info("no order for %g s", limit)
    stop.set()

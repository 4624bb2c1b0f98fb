"""The worker's entrance: `python -m gpu_worker` takes orders until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

from aiohttp import web

from gpu_worker.engine.supervisor import EngineProcess
from gpu_worker.generate import Generator
from gpu_worker.metrics import WorkerMetrics
from gpu_worker.settings import WorkerSettings
from storage.blobs import Blobs
from storage.catalogue_file import CatalogueError
from storage.logs import set_up_logging
from storage.queue.consumer import serve
from storage.settings import LogSettings, SettingsError

log = logging.getLogger("gpu_worker")


async def work(settings: WorkerSettings) -> int:
    """Serve orders until stopped; return the exit status (1: the model cannot be loaded)."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host = EngineProcess(settings.engine(), settings.patience)
    host.start()  # the engine loads while the rest is set up and connected
    metrics = WorkerMetrics(host)
    port, idle, name = settings.metrics_port, settings.idle_exit_seconds, settings.worker_name
    server = None if port is None else await _metrics_server(metrics, port)
    watchers = [asyncio.create_task(_stop_if_broken(host, stop))]
    if idle:
        watchers.append(asyncio.create_task(_stop_if_idle(metrics, idle, stop)))
    log.info("worker %s takes orders", name)
    try:
        blobs, model = Blobs.open(settings.blob_url), settings.catalogue().default_model
        handler = metrics.instrument(Generator(host, blobs, name, model))
        await serve(handler, settings, name, stop, settings.drain_seconds)
    finally:
        broken = host.broken is not None
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
        await host.stop()
        if server is not None:
            await server.cleanup()
    log.info("worker %s has stopped", name)
    return int(broken)


async def _metrics_server(metrics: WorkerMetrics, port: int) -> web.AppRunner | None:
    """Serve the metrics; a port that another program has is no reason to make no clips."""
    try:
        server = await metrics.serve(port)
    except OSError as error:
        log.warning("metrics cannot be served: %s", error)
        return None
    log.info("metrics are at port %d", server.addresses[0][1])
    return server


async def _stop_if_broken(host: EngineProcess, stop: asyncio.Event) -> None:
    """End a worker without a model, which is of no use, so that whoever runs it hears of it."""
    log.error("the model cannot be loaded:\n%s", await host.wait_until_broken())
    stop.set()


async def _stop_if_idle(metrics: WorkerMetrics, limit: float, stop: asyncio.Event) -> None:
    while True:
        left = limit - metrics.idle
        if left <= 0:
            break
        await asyncio.sleep(left)
    log.info("no order for %g s", limit)
    stop.set()


def main() -> int:
    """Read the environment and work; return the exit status."""
    try:
        set_up_logging(LogSettings.from_environment(os.environ))
        settings = WorkerSettings.from_environment(os.environ)
        settings.engine()
    except (SettingsError, CatalogueError) as error:
        log.error("%s", error)
        return 2
    # Threads that spin while they wait starve each other on a busy machine: a step took 20 times
    # as long beside another program. Read by the child's OpenMP when it starts.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return asyncio.run(work(settings))


if __name__ == "__main__":
    sys.exit(main())

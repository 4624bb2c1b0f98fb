"""Metrics: numbers for Prometheus, and how many workers the autoscaler ought to run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from aiohttp import web

from bot.studio.events import JobChanged, Subscription
from storage.database.jobs import Jobs
from storage.domain.errors import Unavailable
from storage.domain.job import Status
from storage.queue.client import Queue

JOBS_PER_WORKER = 2
"""Unfinished jobs that one worker is expected to have before it."""


class Metrics:
    """Serves /metrics, /workers/wanted and /healthz."""

    def __init__(self, jobs: Jobs, queue: Queue, clock: Callable[[], float] = time.time) -> None:
        self._jobs = jobs
        self._queue = queue
        self._clock = clock
        self._ended: dict[str, int] = dict.fromkeys((s.value for s in Status if s.final), 0)
        self._cached = 0
        self._worked = 0.0

    async def listen(self, news: Subscription) -> None:
        """Count what ends, until cancelled."""
        with news:
            async for item in news:
                if not isinstance(item, JobChanged):
                    continue
                job = item.job
                if job.status.final:
                    self._ended[job.status.value] += 1
                    self._cached += job.cached
                    self._worked += job.clip.seconds if job.clip and not job.cached else 0.0

    async def wanted(self) -> int:
        """Return how many workers the jobs that are not over are worth."""
        return math.ceil(len(await self._jobs.unfinished()) / JOBS_PER_WORKER)

    async def text(self) -> str:
        """Return everything in Prometheus' text format."""
        gauges = (await self.gauges()).items()
        lines = [f"{name} {value:g}" for name, value in (*gauges, *self.counters())]
        return "\n".join(lines) + "\n"

    async def gauges(self) -> dict[str, float]:
        """Return what is counted afresh at each look."""
        unfinished = await self._jobs.unfinished()
        waiting = [job for job in unfinished if job.status is Status.QUEUED]
        oldest = min((job.created for job in waiting), default=self._clock())
        found = {
            "mutoscope_jobs_waiting": float(len(waiting)),
            "mutoscope_jobs_running": float(len(unfinished) - len(waiting)),
            "mutoscope_oldest_wait_seconds": max(0.0, self._clock() - oldest),
            "mutoscope_workers_wanted": float(await self.wanted()),
        }
        try:
            found["mutoscope_workers"] = float(await self._queue.workers())
            found["mutoscope_queue_reachable"] = 1.0
        except Unavailable:
            found["mutoscope_queue_reachable"] = 0.0
        return found

    def counters(self) -> Iterator[tuple[str, float]]:
        """Yield what was counted since the start."""
        for status, count in self._ended.items():
            yield f'mutoscope_jobs_ended_total{{status="{status}"}}', count
        yield "mutoscope_clips_from_cache_total", self._cached
        yield "mutoscope_worker_seconds_total", self._worked

    def application(self) -> web.Application:
        """Return the small web server."""
        app = web.Application()
        app.router.add_get("/metrics", self._serve_metrics)
        app.router.add_get("/workers/wanted", self._serve_wanted)
        app.router.add_get("/healthz", self._serve_health)
        return app

    async def _serve_metrics(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.Response(text=await self.text(), content_type="text/plain")

    async def _serve_wanted(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.json_response({"wanted": await self.wanted()})

    async def _serve_health(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.Response(text="ok")


async def serve(metrics: Metrics, port: int) -> web.AppRunner:
    """Start the server on a port (0: any) and return what stops it."""
    runner = web.AppRunner(metrics.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 (scraped from outside)
    return runner

"""Metrics: what one worker does, for Prometheus, and whether it is well."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from aiohttp import web

from storage.domain.clip import Clip, Failure
from storage.queue.messages import Order

Report = TypeVar("Report")


class Host(Protocol):
    """The engine's process, as far as it is counted."""

    restarts: int

    @property
    def broken(self) -> Exception | None:
        """Return why nothing will ever be loaded, or None."""

    @property
    def engine(self) -> object | None:
        """Return what is loaded, or None while nothing is."""


class Metrics:
    """Counts what the worker does, and serves /metrics and /healthz."""

    def __init__(self, host: Host, clock: Callable[[], float] = time.monotonic) -> None:
        """Count for the worker that has this engine."""
        self._host = host
        self._clock = clock
        self._ended = {"clip": 0, "failed": 0, "cancelled": 0}
        self._at_hand = 0
        self._worked = 0.0
        self._engine = 0.0
        self._busy_since: float | None = None
        self._idle_since = clock()

    def watch(
        self, handler: Callable[[Order, Report], Awaitable[Clip | Failure]]
    ) -> Callable[[Order, Report], Awaitable[Clip | Failure]]:
        """Return the handler, counted."""

        async def counted(order: Order, report: Report) -> Clip | Failure:
            if not self._at_hand:
                self._busy_since = self._clock()
            self._at_hand += 1
            try:
                outcome = await handler(order, report)
            finally:
                self._at_hand -= 1
                if not self._at_hand:
                    self._rest()
            self._ended[_kind(outcome)] += 1
            if isinstance(outcome, Clip):
                self._engine += outcome.seconds
            return outcome

        return counted

    def _rest(self) -> None:
        """Close the time of work, in which several orders may have been at hand."""
        self._idle_since = self._clock()
        self._worked += self._idle_since - (self._busy_since or self._idle_since)
        self._busy_since = None

    @property
    def idle(self) -> float:
        """Return for how many seconds there was nothing to do."""
        return 0.0 if self._busy_since is not None else self._clock() - self._idle_since

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
        worked = self._worked
        if self._busy_since is not None:
            worked += self._clock() - self._busy_since
        lines = [
            "# TYPE mutoscope_worker_jobs_total counter",
            *(
                f'mutoscope_worker_jobs_total{{outcome="{name}"}} {count}'
                for name, count in self._ended.items()
            ),
            "# TYPE mutoscope_worker_busy_seconds_total counter",
            f"mutoscope_worker_busy_seconds_total {worked:.3f}",
            "# TYPE mutoscope_worker_engine_seconds_total counter",
            f"mutoscope_worker_engine_seconds_total {self._engine:.3f}",
            "# TYPE mutoscope_worker_busy gauge",
            f"mutoscope_worker_busy {int(self._busy_since is not None)}",
            "# TYPE mutoscope_worker_orders_at_hand gauge",
            f"mutoscope_worker_orders_at_hand {self._at_hand}",
            "# TYPE mutoscope_worker_idle_seconds gauge",
            f"mutoscope_worker_idle_seconds {self.idle:.3f}",
            "# TYPE mutoscope_worker_engine_ready gauge",
            f"mutoscope_worker_engine_ready {int(self._host.engine is not None)}",
            "# TYPE mutoscope_worker_engine_restarts_total counter",
            f"mutoscope_worker_engine_restarts_total {self._host.restarts}",
        ]
        return "\n".join(lines) + "\n"

    async def serve(self, port: int) -> web.AppRunner:
        """Serve on a port (0: any free one) and return what stops it."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._health)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 (scraped from outside)
        return runner

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.text(), content_type="text/plain")

    async def _health(self, _request: web.Request) -> web.Response:
        if self._host.broken is not None:
            return web.Response(text="the engine cannot be loaded\n", status=503)
        return web.Response(text="ready\n" if self._host.engine else "loading\n")


def _kind(outcome: Clip | Failure) -> str:
    if isinstance(outcome, Clip):
        return "clip"
    return "cancelled" if outcome.cancelled else "failed"

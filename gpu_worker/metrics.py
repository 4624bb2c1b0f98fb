"""One worker's metrics for Prometheus, and its health."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.aiohttp import make_aiohttp_handler
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gpu_worker.stage_times import TimedReporter
from storage.domain.clip import Clip, Failure
from storage.domain.progress import Stage
from storage.queue.lease import Handler
from storage.queue.messages.orders import Order
from storage.queue.reporter import ProgressReporter

TimedHandler: TypeAlias = Callable[[Order, TimedReporter], Awaitable[Clip | Failure]]

FALLBACKS = ("slices", "halves", "offload", "eight_bit", "smaller")
"""What a clip gives up where memory is short, in the order of the model's fallback steps."""
NONE_LEFT = "failed"


class EngineStatus(Protocol):
    """What the metrics read of the engine's process."""

    restarts: int

    @property
    def broken(self) -> Exception | None:
        """Return why the model can never be loaded, or None."""

    @property
    def engine(self) -> object | None:
        """Return the loaded engine, or None while there is none."""


class UnsignedCount(Protocol):
    """What the metrics read of what writes credentials into clips."""

    unsigned: int


class WorkerMetrics(Collector):
    """Counts orders and busy time, and serves /metrics, /healthz and /readyz."""

    def __init__(
        self,
        engine_process: EngineStatus,
        clock: Callable[[], float] = time.monotonic,
        signer: UnsignedCount | None = None,
    ) -> None:
        self._engine_process = engine_process
        self._clock = clock
        self._signer = signer
        self._ended = {"clip": 0, "failed": 0, "cancelled": 0}
        self._active = 0
        self._busy_seconds = 0.0
        self._engine_seconds = 0.0
        self._stage_seconds = dict.fromkeys(Stage, 0.0)
        self._fallbacks = dict.fromkeys((*FALLBACKS, NONE_LEFT), 0)
        self._busy_since: float | None = None
        self._idle_since = clock()
        registry = CollectorRegistry()
        registry.register(self)
        self._write_page = make_aiohttp_handler(registry)

    def instrument(self, handler: TimedHandler) -> Handler:
        """Return the handler wrapped so that its orders are counted and their stages timed."""

        async def counted(order: Order, report: ProgressReporter) -> Clip | Failure:
            timed = TimedReporter(report, order.job, self._stage_seconds, self._clock)
            if not self._active:
                self._busy_since = self._clock()
            self._active += 1
            try:
                outcome = await handler(order, timed)
            finally:
                timed.enter(None)
                self._active -= 1
                if not self._active:
                    self._become_idle()
            self._count(outcome)
            return outcome

        return counted

    def _count(self, outcome: Clip | Failure) -> None:
        self._ended[_outcome_label(outcome)] += 1
        if isinstance(outcome, Failure):
            self._fallbacks[NONE_LEFT] += outcome.key == "failed_out_of_memory"
            return
        self._engine_seconds += outcome.seconds
        for adjustment in outcome.adjustments:
            step = adjustment.key.removeprefix("adjusted_")
            if step in self._fallbacks:
                self._fallbacks[step] += 1

    def _become_idle(self) -> None:
        """Add the busy period that ends now; orders that overlapped in it count once."""
        self._idle_since = self._clock()
        self._busy_seconds += self._idle_since - (self._busy_since or self._idle_since)
        self._busy_since = None

    @property
    def idle(self) -> float:
        """Return for how many seconds the worker has had no order."""
        return 0.0 if self._busy_since is not None else self._clock() - self._idle_since

    def collect(self) -> Iterable[Metric]:
        """Yield all metrics as they are now."""
        yield _counters("jobs", "Orders that ended, by outcome.", "outcome", self._ended)
        seconds = {stage.value: taken for stage, taken in self._stage_seconds.items()}
        yield _counters("stage_seconds", "Time of orders by stage.", "stage", seconds)
        yield _counters(
            "memory_fallbacks", "Clips for which memory was short.", "step", self._fallbacks
        )
        busy = self._busy_since is not None
        busy_seconds = self._busy_seconds
        if self._busy_since is not None:
            busy_seconds += self._clock() - self._busy_since
        ready = self._engine_process.engine is not None
        yield _counter("busy_seconds", "Time with at least one order.", busy_seconds)
        yield _counter("engine_seconds", "Time that clips took.", self._engine_seconds)
        yield _gauge("busy", "1 while there is an order, else 0.", busy)
        yield _gauge("orders_at_hand", "Orders that the worker holds.", self._active)
        yield _gauge("idle_seconds", "Time since the last order.", self.idle)
        yield _gauge("engine_ready", "1 while the model is loaded, else 0.", ready)
        unsigned = 0 if self._signer is None else self._signer.unsigned
        yield _counter("unsigned_clips", "Clips without the credentials due to them.", unsigned)
        yield _counter(
            "engine_restarts", "Times the engine's process ended.", self._engine_process.restarts
        )

    async def serve(self, port: int) -> web.AppRunner:
        """Serve on a port (0: any free one); the caller calls cleanup() on what is returned.

        /healthz fails once the model can never be loaded, /readyz also while it is not: before the
        engine's process has loaded it, and after that process has ended.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._write_page)
        app.router.add_get("/healthz", self._serve_health)
        app.router.add_get("/readyz", self._serve_readiness)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 (scraped from outside)
        return runner

    async def _serve_health(self, _request: web.Request) -> web.Response:
        if self._engine_process.broken is not None:
            return web.Response(text="the engine cannot be loaded\n", status=503)
        return web.Response(text="ready\n" if self._engine_process.engine else "loading\n")

    async def _serve_readiness(self, request: web.Request) -> web.Response:
        answer = await self._serve_health(request)
        if self._engine_process.engine is None:
            answer.set_status(503)
        return answer


def _counter(name: str, documentation: str, value: float) -> Metric:
    return CounterMetricFamily(f"mutoscope_worker_{name}", documentation, value)


def _counters(
    name: str, documentation: str, label: str, values: Mapping[str, float]
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"mutoscope_worker_{name}", documentation, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"mutoscope_worker_{name}", documentation, value)


def _outcome_label(outcome: Clip | Failure) -> str:
    if isinstance(outcome, Clip):
        return "clip"
    return "cancelled" if outcome.cancelled else "failed"

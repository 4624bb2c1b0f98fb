"""The bot's metrics for Prometheus, and the number of workers that an autoscaler should run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Set
from functools import partial
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.aiohttp import make_aiohttp_handler
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.dispatch.scaling import Scaling
from bot.studio.events import JobChanged, Subscription
from bot.studio.models.model_status import outdated_workers
from storage.database.jobs import Jobs
from storage.domain.catalogue import Catalogue
from storage.domain.cost.bill import ClipBill
from storage.domain.cost.offer import Tenure
from storage.domain.errors import Unavailable
from storage.domain.job import Status
from storage.domain.models.served_model import ServedModel, by_name
from storage.domain.quota import day_of
from storage.queue.client import Queue

disable_created_metrics()  # type: ignore[no-untyped-call]

WAITS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
"""Bounds of the waits that are counted together, in seconds."""

GUILDS = 20  # servers that have a label of their own; the others are one together
GUILD_DAYS = 30
GUILD_SECONDS = 60.0  # between two looks at what servers took


class ChatTraffic(Protocol):
    """What a front end counts of the chat that it serves; bot.discord_ui.gateway.traffic does."""

    exhausted: int

    @property
    def requests(self) -> Mapping[str, int]:
        """Return how many requests had which answer."""

    @property
    def limited(self) -> Mapping[str, int]:
        """Return how many requests were over which limit."""

    @property
    def delivered(self) -> Mapping[str, int]:
        """Return how many outcomes reached people by which way."""

    @property
    def shard_latencies(self) -> Callable[[], Mapping[int, float]]:
        """Return what reads the seconds to the chat and back, by connected shard."""


class BotMetrics(Collector):
    """Serves /metrics, /workers/wanted, /healthz and /readyz.

    Counters count since the start of this process. Gauges are read from the database and the queue
    at each scrape.
    """

    def __init__(
        self,
        jobs: Jobs,
        queue: Queue,
        set_aside: Set[str],
        scaling: Scaling,
        clock: Callable[[], float] = time.time,
        *,
        catalogue: Catalogue | None = None,
        traffic: ChatTraffic | None = None,
        refused: Mapping[str, int] | None = None,
    ) -> None:
        """Watch these; set_aside holds the jobs that are not dispatched any more.

        The catalogue has the models that can be ordered. refused counts what the rules of content
        refused, by what it was.
        """
        self._refused = refused or {}
        self._catalogue = catalogue
        self._traffic = traffic
        self._jobs = jobs
        self._queue = queue
        self._set_aside = set_aside
        self._scaling = scaling
        self._clock = clock
        self._gauges: list[Metric] = []
        self._of_guilds: list[Metric] = []
        self._guilds_read = -math.inf
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._write_page = make_aiohttp_handler(self.registry)
        counter = partial(Counter, namespace="mutoscope", registry=self.registry)
        self._ended = counter("jobs_ended", "Jobs that ended, by final status.", ["status"])
        for status in (status for status in Status if status.final):
            self._ended.labels(status.value)  # which begins at 0
        self._waits = Histogram(
            *("wait_seconds", "Time from an order to the start of its clip.", ["model"]),
            namespace="mutoscope",
            registry=self.registry,
            buckets=WAITS,
        )
        self._cached = counter("clips_from_cache", "Clips served from the cache.")
        self._worker_seconds = counter(
            "worker_seconds", "Time that workers took for clips.", ["model"]
        )
        for model in catalogue.models if catalogue else ():
            self._waits.labels(model)  # which begin at 0
            self._worker_seconds.labels(model)
        self._start_seconds = counter("start_seconds", "Time that billed workers took to start.")
        self._idle_seconds = counter("idle_seconds", "Time that billed workers were idle.")
        self._money = counter("dollars", "What the clips that were billed cost.")

    async def listen(self, events: Subscription) -> None:
        """Count the jobs that end, until cancelled."""
        with events:
            async for event in events:
                if not isinstance(event, JobChanged) or event.heard:
                    continue  # whoever made the change counts it
                job, model = event.job, event.job.request.model
                if job.status.final:
                    self._ended.labels(job.status.value).inc()
                    self._cached.inc(job.cached)
                    if job.started:
                        self._waits.labels(model).observe(max(0.0, job.started - job.created))
                    if job.clip and not job.cached:
                        self._worker_seconds.labels(model).inc(job.clip.seconds)

    def add_bills(self, bills: Iterable[ClipBill]) -> None:
        """Count what clips cost beside their own seconds, and the money for all of it."""
        for bill in bills:
            self._start_seconds.inc(bill.start_seconds)
            self._idle_seconds.inc(bill.idle_seconds)
            self._money.inc(bill.money)

    async def refresh(self) -> None:
        """Read the gauges; mutoscope_workers is left out while the queue is unreachable."""
        sizes = await self._jobs.pending.sizes()
        now = self._clock()
        ages = {name: now - size.oldest for name, size in sizes.items() if size.oldest is not None}
        try:
            served = await self._queue.served_models()
        except Unavailable:
            served = None
        waiting = {name: size.waiting for name, size in sizes.items()}
        running = {name: size.running for name, size in sizes.items()}
        wanted = await self._scaling.wanted()
        self._gauges = [
            self._by_model("jobs_waiting", "Jobs that wait for a worker.", waiting),
            self._by_model("jobs_running", "Jobs that a worker runs.", running),
            self._by_model("oldest_wait_seconds", "Age of the oldest waiting job.", ages),
            self._by_model("workers_wanted", "Workers that should run.", wanted),
            _gauge(
                "idle_seconds_advised",
                "How long an idle worker should stay.",
                await self._scaling.idle_seconds(),
            ),
            _gauge("jobs_set_aside", "Jobs that dispatch gave up.", len(self._set_aside)),
            _gauge("rows_unreadable", "Jobs' rows left alone.", len(self._jobs.unreadable)),
            _gauge("queue_reachable", "1 if Redis answers, else 0.", served is not None),
        ]
        if served is not None:
            alive = self._by_model("workers", "Workers that are alive.", by_name(served))
            self._gauges += [alive, self._outdated(served)]
        self._gauges += [*self._advice(), *await self._read_guilds()]

    def _by_model(self, name: str, documentation: str, values: Mapping[str, float]) -> Metric:
        """Return a gauge of what there is for each model that is offered or has any."""
        gauge = GaugeMetricFamily(f"mutoscope_{name}", documentation, labels=["model"])
        offered = self._catalogue.models if self._catalogue else ()
        for model in dict.fromkeys((*offered, *values)):
            gauge.add_metric([model], max(0.0, values.get(model, 0.0)))
        return gauge

    def _outdated(self, served: Mapping[ServedModel, int]) -> Metric:
        catalogue = self._catalogue
        found = {} if catalogue is None else outdated_workers(catalogue, served)
        about = "Workers that serve other weights than the catalogue has."
        return self._by_model("workers_outdated", about, found)

    async def _read_guilds(self) -> list[Metric]:
        """Return what the clips of servers took lately, for a bounded number of labels."""
        now = self._clock()
        if now - self._guilds_read < GUILD_SECONDS:
            return self._of_guilds
        most, others = await self._jobs.usage.servers(day_of(now) - GUILD_DAYS, GUILDS)
        name, about = "guild", f"of the clips of the last {GUILD_DAYS} days, by server."
        seconds = GaugeMetricFamily(
            "mutoscope_guild_gpu_seconds", f"GPU time {about}", labels=[name]
        )
        money = GaugeMetricFamily("mutoscope_guild_dollars", f"Price {about}", labels=[name])
        named = {guild or "none": usage for guild, usage in most.items()}
        for label, usage in (named | {"other": others}).items():
            seconds.add_metric([label], usage.all_seconds)
            money.add_metric([label], usage.money)
        self._of_guilds, self._guilds_read = [seconds, money], now
        return self._of_guilds

    def _advice(self) -> list[Metric]:
        """Return what recent orders cost a day, where there is a fixed card to compare with."""
        advice = self._scaling.advice
        if advice is None:
            return []
        cheaper = advice.tenure is Tenure.FIXED
        return [
            _gauge("on_demand_dollars_a_day", "Recent orders on demand.", advice.on_demand),
            _gauge("fixed_dollars_a_day", "A card rented all the time.", advice.fixed),
            _gauge("fixed_is_cheaper", "1 where a fixed card is cheaper, else 0.", cheaper),
        ]

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges as refresh() left them, and what the queue counts itself."""
        yield from self._gauges
        yield CounterMetricFamily(
            "mutoscope_events_unreadable",
            "Messages of workers and bots that were skipped.",
            self._queue.unreadable_events,
        )
        if self._refused:
            yield _counted("refused", "What the rules of content refused.", "what", self._refused)
        if self._traffic is not None:
            yield from _of_chat(self._traffic)

    async def serve(self, port: int, serve_readiness: Handler) -> web.AppRunner:
        """Serve on a port (0: any free one); the caller calls cleanup() on what is returned.

        /healthz answers as long as the event loop runs.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._serve_metrics)
        app.router.add_get("/workers/wanted", self._serve_wanted)
        app.router.add_get("/healthz", self._serve_health)
        app.router.add_get("/readyz", serve_readiness)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 (scraped from outside)
        return runner

    async def _serve_metrics(self, request: web.Request) -> web.StreamResponse:
        await self.refresh()
        return await self._write_page(request)

    async def _serve_wanted(self, request: web.Request) -> web.Response:
        """Answer for the workers of ?model=, a name or a source, or for all of them together."""
        model, wanted = request.query.get("model", ""), await self._scaling.wanted()
        if self._catalogue is not None:
            model = self._catalogue.name_of(model) or model
        count = wanted[model] if model else wanted.total()
        idle = await self._scaling.idle_seconds(model)
        return web.json_response({"wanted": count, "idle_seconds": idle})

    async def _serve_health(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")


def _of_chat(traffic: ChatTraffic) -> Iterable[Metric]:
    labelled = (
        ("discord_requests", "Requests to Discord, by the answer.", "status", traffic.requests),
        ("discord_limited", "Requests that Discord put off.", "scope", traffic.limited),
        ("deliveries", "Outcomes, by how they reached people.", "way", traffic.delivered),
    )
    for name, documentation, label, counts in labelled:
        yield _counted(name, documentation, label, counts)
    latency = GaugeMetricFamily(
        *("mutoscope_gateway_latency_seconds", "From a heartbeat to its answer, by shard."),
        labels=["shard"],
    )
    for shard, seconds in traffic.shard_latencies().items():
        latency.add_metric([str(shard)], seconds)
    yield latency
    yield CounterMetricFamily(
        "mutoscope_discord_limits_reached",
        "Answers that used a limit up, so that the next request waits.",
        traffic.exhausted,
    )


def _counted(name: str, documentation: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"mutoscope_{name}", documentation, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"mutoscope_{name}", documentation, value)

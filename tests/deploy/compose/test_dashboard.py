"""The dashboard asks for metrics that the code exports, in queries that Prometheus can read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from bot.discord_ui.gateway.traffic import DiscordTraffic
from bot.metrics import BotMetrics
from gpu_worker.metrics import WorkerMetrics
from storage.domain.cost.advice import RentalAdvice
from storage.domain.cost.offer import Tenure
from tests.support.backend import open_backend
from tests.support.prometheus import parse

FILE = Path("deploy/chart/dashboards/mutoscope.json")
MONITORING = Path("deploy/monitoring")
PANELS = json.loads(FILE.read_text("utf-8"))["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


class LoadedEngine:
    """An engine's process, as far as metrics go."""

    restarts = 0
    broken: Exception | None = None
    engine: object | None = "loaded"


def selectors(node: Any) -> Iterator[tuple[str, set[str]]]:
    """Yield each metric that a query reads, with the labels that it names."""
    if isinstance(node, promql_parser.VectorSelector):
        yield str(node.name), {matcher.name for matcher in node.matchers.matchers}
    for part in ("expr", "lhs", "rhs", "vs", "vector_selector"):
        if (below := getattr(node, part, None)) is not None:
            yield from selectors(below)
    for argument in getattr(node, "args", ()):
        yield from selectors(argument)


async def exported(folder: Path, redis_url: str) -> dict[str, set[str]]:
    """Return the labels of every sample that bot and worker export."""
    found: dict[str, set[str]] = {}
    async with open_backend(folder, redis_url, b"") as backend:
        traffic = DiscordTraffic(Counter({"200": 1}), shard_latencies=lambda: {0: 0.1})
        metrics = BotMetrics(
            *(backend.jobs, backend.queue, set(), backend.scaling()),
            catalogue=backend.catalogue,
            traffic=traffic,
            refused=backend.studio.content.refused,
        )
        metrics._scaling.advice = RentalAdvice(1.0, 2.0, Tenure.ON_DEMAND)
        await metrics.refresh()
        for family in (*parse(metrics.registry), *parse(WorkerMetrics(LoadedEngine()))):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def test_every_query_reads_metrics_that_are_exported(tmp_path: Path, redis_url: str) -> None:
    known = await exported(tmp_path, redis_url)
    wanted = [found for query in QUERIES for found in selectors(promql_parser.parse(query))]
    assert len({name for name, _ in wanted}) > 10
    assert [name for name, _ in wanted if name not in known] == []
    assert [(name, labels) for name, labels in wanted if labels - known[name]] == []


def test_a_counter_is_never_shown_as_it_is() -> None:
    for query in QUERIES:
        for name, _ in selectors(promql_parser.parse(query)):
            assert not name.endswith("_total") or f"({name}" in query, query


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}


def test_prometheus_scrapes_what_compose_runs() -> None:
    services = yaml.safe_load(Path("deploy/compose.yaml").read_text("utf-8"))["services"]
    config = yaml.safe_load((MONITORING / "prometheus.yaml").read_text("utf-8"))
    bot, worker = config["scrape_configs"]
    assert bot["dns_sd_configs"][0]["names"] == ["bot", "web"]
    for job in (bot, worker):
        assert set(job["dns_sd_configs"][0]["names"]) <= set(services)
        assert job["dns_sd_configs"][0]["port"] == 9100
    for name in ("bot", "worker"):
        assert "METRICS_PORT=9100" in Path(f"deploy/Dockerfile.{name}").read_text("utf-8")

"""Reads a Prometheus page as a scraper does."""

from __future__ import annotations

import aiohttp
from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector


async def scrape(url: str) -> list[Metric]:
    """Fetch and parse a page."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.content_type == "text/plain"
        return parse(await answer.text())


def parse(page: str | Collector) -> list[Metric]:
    """Parse a page, or what a collector yields now; each metric has a HELP and a TYPE line."""
    text = page if isinstance(page, str) else generate_latest(page).decode()
    metrics = list(text_string_to_metric_families(text))
    assert metrics
    for metric in metrics:
        assert metric.documentation, metric
        assert metric.type != "unknown", metric
    return metrics


def samples(page: str | Collector | list[Metric]) -> dict[str, float]:
    """Return each sample's value by its name, and by its labels where it has any."""
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sample.labels.items()): (
            sample.value
        )
        for metric in (page if isinstance(page, list) else parse(page))
        for sample in metric.samples
    }

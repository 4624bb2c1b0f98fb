"""One order's trace, from the command over Redis and the worker to the post."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gpu_worker.metrics import WorkerMetrics
from storage.job_tracer import JobTracer
from storage.queue.consumer import serve
from storage.tracing import ROOT, use_tracer
from tests.storage.spans import ids_of, parent_of, recorded
from tests.support.backend import Backend, until
from tests.support.discord.local_chat import LocalChat, open_local_chat


class LoadedEngine:
    restarts = 0
    broken: Exception | None = None
    engine: object | None = "loaded"


@pytest.fixture
async def chat(backend: Backend, tmp_path: Path) -> AsyncIterator[LocalChat]:
    async with open_local_chat(backend, tmp_path) as opened:
        yield opened


async def test_a_trace_leads_from_the_order_to_the_post(
    chat: LocalChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    use_tracer(JobTracer(SimpleSpanProcessor(exporter), "test"))
    worker = chat.backend.worker
    timed = WorkerMetrics(LoadedEngine()).instrument(worker)  # type: ignore[arg-type]  # it reports alike
    served = partial(serve, timed)
    monkeypatch.setattr("tests.support.backend.serve", lambda _, *rest: served(*rest))
    try:
        await chat.order()
        await chat.deliver()
        await until(lambda: {"deliver", "attempt"} <= recorded(exporter).keys())
    finally:
        use_tracer(None)
    spans = recorded(exporter)
    assert spans.keys() == {ROOT, "order", "queue", "attempt", "denoising", "deliver"}
    for name in ("order", "queue", "attempt", "deliver"):
        assert parent_of(spans[name]) == ids_of(spans[ROOT])
    assert parent_of(spans["denoising"]) == ids_of(spans["attempt"])

"""Traces of jobs: one trace from the order to the post, over bot and worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from storage import tracing
from storage.job_tracer import JobTracer
from storage.settings import SettingsError
from storage.tracing import ROOT, add_span, set_up_tracing, span, use_tracer
from tests.storage.spans import ids_of, parent_of, recorded


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    use_tracer(JobTracer(SimpleSpanProcessor(exporter), "bot"))
    yield exporter
    use_tracer(None)


def test_spans_of_a_job_share_a_trace_whichever_process_adds_them(
    spans: InMemorySpanExporter,
) -> None:
    with span("attempt", "a"):
        add_span("denoising", "a", 100.0, 103.5)
    use_tracer(JobTracer(SimpleSpanProcessor(spans), "another process"))
    add_span(ROOT, "a", 90.0)
    add_span("order", "b", 90.0)
    found = recorded(spans)
    root = found[ROOT]
    assert root["parent_id"] is None
    assert parent_of(found["attempt"]) == ids_of(root)
    assert parent_of(found["denoising"]) == ids_of(found["attempt"])
    assert ids_of(found["order"])[0] != ids_of(root)[0]
    times = (found["denoising"]["start_time"], found["denoising"]["end_time"])
    assert times == ("1970-01-01T00:01:40.000000Z", "1970-01-01T00:01:43.500000Z")
    assert found["denoising"]["attributes"] == {"job": "a"}


def test_without_an_endpoint_nothing_is_recorded_or_imported() -> None:
    set_up_tracing("", "test")
    with span("attempt", "a"):
        add_span("order", "a", 1.0)
    assert tracing._tracer is None
    code = "import bot.service, gpu_worker.worker, sys; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_endpoint_without_the_packages_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "storage.job_tracer")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(SettingsError, match="pip install"):
        set_up_tracing("http://127.0.0.1:4318", "test")

"""Spans that were recorded, as OpenTelemetry writes them."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

Span = dict[str, Any]


def recorded(exporter: InMemorySpanExporter) -> dict[str, Span]:
    """Return each span by its name."""
    return {one.name: json.loads(one.to_json()) for one in exporter.get_finished_spans()}


def ids_of(span: Span) -> tuple[str, str]:
    """Return the ids of a span's trace and of the span."""
    return span["context"]["trace_id"], span["context"]["span_id"]


def parent_of(span: Span) -> tuple[str, str]:
    """Return the ids of a span's trace and of its parent."""
    return span["context"]["trace_id"], span["parent_id"]

"""Spans of jobs for OpenTelemetry.

A trace's id and that of its root span follow from the job's id, which every order carries: bots and
workers add to one trace with nothing else between them, and do so after a restart too.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from hashlib import sha256

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

FLUSH_MILLISECONDS = 3000


class JobIds(RandomIdGenerator):
    """Gives the root span of a job the ids that its other spans name already."""

    root = ""  # the job whose root is begun now

    def generate_trace_id(self) -> int:
        """Return the id of a root's trace; all other spans have a parent."""
        return _ids(self.root)[0]

    def generate_span_id(self) -> int:
        """Return a root's id, or a random one."""
        return _ids(self.root)[1] if self.root else super().generate_span_id()


class JobTracer:
    """Records spans of jobs and hands them to a processor."""

    def __init__(self, processor: SpanProcessor, service: str) -> None:
        self._ids = JobIds()
        resource = Resource.create({"service.name": service})
        self._provider = TracerProvider(resource=resource, id_generator=self._ids)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(__name__)

    def span(self, name: str, job: str) -> AbstractContextManager[object]:
        """Record the time of a block."""
        return self._tracer.start_as_current_span(
            name, context=_parent(job), attributes={"job": job}
        )

    def add(self, name: str, job: str, start: float, end: float, *, root: bool) -> None:
        """Record a span that is over, in unix seconds; root is that of the whole job."""
        self._ids.root = job if root else ""
        context = Context() if root else _parent(job)
        begun, attributes = int(start * 1e9), {"job": job}
        made = self._tracer.start_span(name, context, attributes=attributes, start_time=begun)
        self._ids.root = ""
        made.end(max(begun, int(end * 1e9)))

    def flush(self) -> None:
        """Send what was not sent yet."""
        self._provider.force_flush(FLUSH_MILLISECONDS)


def connect(endpoint: str, service: str) -> JobTracer:
    """Return a tracer that sends to an endpoint, OTLP over HTTP."""
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
    return JobTracer(BatchSpanProcessor(exporter), service)


def _parent(job: str) -> Context | None:
    """Return the context of the job's root; None, which is the present one, inside its span."""
    trace_id, root = _ids(job)
    if trace.get_current_span().get_span_context().trace_id == trace_id:
        return None
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    parent = trace.SpanContext(trace_id, root, is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(parent))


def _ids(job: str) -> tuple[int, int]:
    """Return the ids of a job's trace and of its root span."""
    digest = sha256(job.encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])

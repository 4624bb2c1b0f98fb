"""Traces of jobs, from the order to the delivery, where an OpenTelemetry endpoint is set.

Without one nothing of OpenTelemetry is imported. What is recorded is in storage.job_tracer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from storage.domain.job import Job
from storage.settings import SettingsError

if TYPE_CHECKING:
    from storage.job_tracer import JobTracer

ROOT = "job"

_tracer: JobTracer | None = None


def set_up_tracing(endpoint: str, service: str) -> None:
    """Send the spans of this process to an endpoint (OTLP over HTTP), if it is not empty.

    Raise SettingsError where OpenTelemetry is not installed.
    """
    if not endpoint:
        return
    try:
        use_tracer(import_module("storage.job_tracer").connect(endpoint, service))
    except ModuleNotFoundError as error:
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT: OpenTelemetry is not installed; pip install"
            " 'mutoscope[otel]'"
        ) from error


def use_tracer(tracer: JobTracer | None) -> None:
    """Record the spans of this process by a tracer from now on, or none."""
    global _tracer  # noqa: PLW0603 (one a process, as its logging is)
    _tracer = tracer


def stop_tracing() -> None:
    """Send what was not sent yet."""
    if _tracer is not None:
        _tracer.flush()


@contextlib.contextmanager
def span(name: str, job: str) -> Iterator[None]:
    """Record the time of this block as a span of a job; spans inside of it are its children."""
    with _tracer.span(name, job) if _tracer else contextlib.nullcontext():
        yield


def add_span(name: str, job: str, start: float, end: float | None = None) -> None:
    """Record a span that is over; times are in unix seconds, end None is now."""
    if _tracer is not None:
        _tracer.add(name, job, start, time.time() if end is None else end, root=name == ROOT)


def add_job(job: Job) -> None:
    """Record a job that was delivered just now: the root of its trace, its wait, its delivery."""
    add_span(ROOT, job.id, job.created)
    if job.started:
        add_span("queue", job.id, job.created, job.started)
    add_span("deliver", job.id, job.ended)

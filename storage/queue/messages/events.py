"""Events, from a worker to the bots, and notices from bot to bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.codec import decode, encode
from storage.domain.progress import Progress
from storage.domain.request import MOST_SEGMENTS
from storage.queue.messages.checks import check_attempt, check_between, check_blob
from storage.queue.messages.wire import read_fields, type_name, type_of, write_fields


@dataclass(frozen=True, slots=True)
class Started:
    """A worker took the job, at a time in unix seconds by the worker's clock."""

    job: str
    attempt: int
    worker: str
    at: float


@dataclass(frozen=True, slots=True)
class Progressed:
    """The job has come further."""

    job: str
    attempt: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class Ended:
    """The job has an outcome to fetch."""

    job: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A bot's process changed this job in the database."""

    job: str
    process: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """All that was kept of a person is erased; whoever holds something in memory drops it.

    asked is when they asked for it, in unix seconds: what came later is not meant.
    """

    owner: str
    asked: float


Event = Started | Progressed | Ended

EVENTS_BY_NAME: Mapping[str, type[Event]] = {
    "started": Started,
    "moved": Progressed,
    "ended": Ended,
}


def write_event(event: Event) -> str:
    """Return the event as JSON."""
    return write_fields({"event": type_name(event, EVENTS_BY_NAME), **encode(event)})


def read_event(text: object) -> Event:
    """Return the event that the JSON describes; raise CodecError."""
    data = read_fields(text)
    event = decode(type_of(data, "event", EVENTS_BY_NAME), data)
    check_attempt(event.job, event.attempt)
    if isinstance(event, Progressed):
        _check_progress(event.progress)
    return event


def write_change(change: Changed) -> str:
    """Return the change as JSON."""
    return write_fields(encode(change))


def read_change(text: object) -> Changed:
    """Return the change that the JSON describes; raise CodecError."""
    change = decode(Changed, read_fields(text))
    check_attempt(change.job, 0)
    return change


def write_forgotten(forgotten: Forgotten) -> str:
    """Return the notice as JSON."""
    return write_fields(encode(forgotten))


def read_forgotten(text: object) -> Forgotten:
    """Return the notice that the JSON describes; raise CodecError."""
    return decode(Forgotten, read_fields(text))


def _check_progress(progress: Progress) -> None:
    check_between("step", progress.step, 0, 10**6)
    check_between("steps", progress.steps, 0, 10**6)
    check_between("eta", progress.eta or 0.0, -(10**7), 10**7)
    check_between("segments", progress.segments, 0, MOST_SEGMENTS)
    check_between("segment", progress.segment, 0, progress.segments)
    check_blob("preview", progress.preview)

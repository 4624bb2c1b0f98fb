"""Orders, events and outcomes between bot and workers, and the Redis keys they are under.

Redis holds nothing that the database could not lose: orders that wait, leases, outcomes on their
way, and flags. All of it is JSON with a time to live.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from storage.codec import CodecError, decode, encode
from storage.domain.clip import Clip, Failure
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest

QUEUE = "mutoscope:queue"  # the sorted set that arq reads
TASK = "make_clip"  # arq's name of the one function
EVENTS = "mutoscope:events"
CANCELS = "mutoscope:cancels"
WORKERS = "mutoscope:worker:"

LEASE_SECONDS = 15.0
RENEW_SECONDS = 3.0
OUTCOME_SECONDS = 24 * 3600
CANCEL_SECONDS = 24 * 3600
PREVIEW_SECONDS = 15 * 60

HANDED_BACK = Failure("failed_handed_back", retryable=True)
"""The outcome of a job whose worker was stopped politely: another attempt, and no death."""


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt at one job, as the worker gets it; size_limit is in bytes."""

    job: str
    attempt: int
    request: GenerationRequest
    size_limit: int

    @property
    def id(self) -> str:
        """Return the queue's id of this attempt."""
        return attempt_id(self.job, self.attempt)


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


Event = Started | Progressed | Ended
EVENT_KINDS: dict[str, type[Event]] = {"started": Started, "moved": Progressed, "ended": Ended}


class AttemptState(StrEnum):
    """What Redis knows of an attempt."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"


def attempt_id(job: str, attempt: int) -> str:
    """Return the queue's id of one attempt at a job."""
    return f"{job}.{attempt}"


def lease_key(identity: str) -> str:
    """Return the key that lives while a worker holds this attempt."""
    return f"mutoscope:lease:{identity}"


def outcome_key(identity: str) -> str:
    """Return the key of this attempt's outcome."""
    return f"mutoscope:outcome:{identity}"


def preview_key(identity: str) -> str:
    """Return the key of this attempt's latest preview."""
    return f"mutoscope:preview:{identity}"


def cancel_key(job: str) -> str:
    """Return the key that tells every attempt at this job to stop."""
    return f"mutoscope:cancel:{job}"


def write_event(event: Event) -> str:
    """Return the event as JSON."""
    kind = next(name for name, known in EVENT_KINDS.items() if isinstance(event, known))
    return json.dumps({"event": kind, **encode(event)})


def read_event(text: str | bytes) -> Event:
    """Return the event that the JSON describes; raise CodecError."""
    kind, rest = _tagged(text, "event")
    if kind not in EVENT_KINDS:
        raise CodecError(f"unknown event {kind!r}")
    return decode(EVENT_KINDS[kind], rest)


def write_outcome(outcome: Clip | Failure) -> str:
    """Return the outcome as JSON."""
    kind = "clip" if isinstance(outcome, Clip) else "failure"
    return json.dumps({"outcome": kind, **encode(outcome)})


def read_outcome(text: str | bytes) -> Clip | Failure:
    """Return the outcome that the JSON describes; raise CodecError."""
    kind, rest = _tagged(text, "outcome")
    return decode(Clip, rest) if kind == "clip" else decode(Failure, rest)


def _tagged(text: str | bytes, tag: str) -> tuple[str, dict[str, object]]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CodecError(f"not JSON: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get(tag), str):
        raise CodecError(f"no {tag} in {text!r}")
    return data.pop(tag), data

"""Orders, events and outcomes between bots and workers, and the Redis keys they are under.

Redis holds nothing that the database could not lose: orders that wait, leases, outcomes on their
way, and flags. All of it is JSON with a time to live.

Bot and workers may be of different releases while a service is updated. Every order, event and
outcome carries the VERSION of the release that wrote it, and a release reads its own version only:
a message of another one is refused whole (WrongVersion), never half read.
- An order of another version ends as `failed_order_version`, which may be retried, since another
  worker may be of the right release; the third such attempt fails the job and refunds it.
- An event of another version is logged and skipped. What matters is in the outcome.
- An outcome of another version counts as `failed_outcome_version`, which may be retried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from storage.codec import CodecError, decode, encode
from storage.domain.camera.motion import Motion, Pose, is_possible
from storage.domain.clip import SPARSE, Adjustment, Clip, Failure
from storage.domain.cost.bill import WorkerLife
from storage.domain.models.served_model import ServedModel
from storage.domain.progress import Progress
from storage.domain.request import (
    MOST_CANDIDATES,
    MOST_SEGMENTS,
    SEED_LIMIT,
    GenerationRequest,
)

Value = TypeVar("Value")

VERSION = 2
"""To be raised once between releases that differ in what is written, default values included."""

UNVERSIONED = 0  # what releases before the first version wrote

QUEUES = "mutoscope:queue:"  # and a model: the sorted sets that arq reads
TASK = "make_clip"  # arq's name of the one function
EVENTS = "mutoscope:events"
CANCELS = "mutoscope:cancels"
CHANGES = "mutoscope:changes"  # of jobs, from bot to bot
FORGOTTEN = "mutoscope:forgotten"  # people, from bot to bot
WORKERS = "mutoscope:worker:"
WORKER_KEYS = "mutoscope:workers"  # the set of them, for a scan would go through all other keys

STORIES = "mutoscope:stories"  # the set of the jobs that have finished segments

LIVES = "mutoscope:lives"  # the set of the ids of workers whose lives are to be billed

LEASE_SECONDS = 15.0
RENEW_SECONDS = 3.0
OUTCOME_SECONDS = 24 * 3600
CANCEL_SECONDS = 24 * 3600
WITHDRAWN_SECONDS = 24 * 3600
LIFE_SECONDS = 24 * 3600
PREVIEW_SECONDS = 15 * 60
SEGMENT_SECONDS = 24 * 3600

NAME_LIMIT = 64  # characters of a job's id
TEXT_LIMIT = 500  # characters of a text that is shown
OFFER_LIMIT = 100  # characters of a worker's, an offer's or a model's name
LIST_LIMIT = 50
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
NAME = re.compile(r"[0-9a-f]{1,32}")
BLOB = re.compile(r"[0-9a-f]{64}")
CLIP_BOUNDS = (
    *(("width", 1, 2**14), ("height", 1, 2**14), ("frames", 1, 2**14), ("fps", 1, 1000)),
    *(("seed", 0, SEED_LIMIT), ("bytes", 1, 2**40), ("seconds", 0.0, 10**7)),
)
"""Lowest and highest values of a clip's numbers, far outside of what any model makes."""

HANDED_BACK = Failure("failed_handed_back", retryable=True)
"""The outcome of a job whose worker was stopped politely: another attempt, and no death."""


class WrongVersion(CodecError):
    """The message was written by a release whose messages this release does not read."""

    def __init__(self, found: object) -> None:
        scalar = found is None or isinstance(found, str | int | float)
        text = str(found) if scalar else type(found).__name__
        self.found = ascii(text[:20])[1:-1]
        super().__init__(f"version {self.found}, where this release reads version {VERSION}")


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

    @property
    def queue(self) -> str:
        """Return the key of the queue that it is on."""
        return queue_key(self.request.model)


@dataclass(frozen=True, slots=True)
class FinishedSegment:
    """One finished segment of a story that is not finished, so that a later attempt goes on there.

    made_from is the fingerprint of the segment's own request. blob and last are the keys of its
    frames, as a file, and of its last frame, as a PNG. seconds is the model's own time. view is
    where the camera ends over the story's picture, None where it is over none.
    """

    made_from: str
    blob: str
    last: str
    frames: int
    seed: int
    motion: Motion
    seconds: float
    adjustments: tuple[Adjustment, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    view: Pose | None = field(default=None, metadata=SPARSE)


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
    """All that was kept of a person is erased; whoever holds something in memory drops it."""

    owner: str


Event = Started | Progressed | Ended
EVENTS_BY_NAME: Mapping[str, type[Event]] = {
    "started": Started,
    "moved": Progressed,
    "ended": Ended,
}
OUTCOMES_BY_NAME: Mapping[str, type[Clip | Failure]] = {"clip": Clip, "failure": Failure}


class AttemptState(StrEnum):
    """What Redis knows of an attempt."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"


def attempt_id(job: str, attempt: int) -> str:
    """Return the queue's id of one attempt at a job."""
    return f"{job}.{attempt}"


def queue_key(model: str) -> str:
    """Return the key of the queue from which workers take the orders for their model."""
    return QUEUES + model


def lease_key(identity: str) -> str:
    """Return the key that lives while a worker holds this attempt."""
    return f"mutoscope:lease:{identity}"


def outcome_key(identity: str) -> str:
    """Return the key of this attempt's outcome."""
    return f"mutoscope:outcome:{identity}"


def withdrawn_key(identity: str) -> str:
    """Return the key that exists once a later attempt was put in this one's place."""
    return f"mutoscope:withdrawn:{identity}"


def preview_key(identity: str) -> str:
    """Return the key of this attempt's latest preview."""
    return f"mutoscope:preview:{identity}"


def cancel_key(name: str) -> str:
    """Return the key of the flag that cancels every attempt at a job, or by its id one attempt."""
    return f"mutoscope:cancel:{name}"


def segments_key(job: str) -> str:
    """Return the key of the hash of a story's finished segments, by their numbers from 0."""
    return f"mutoscope:segments:{job}"


def life_key(identity: str) -> str:
    """Return the key of a worker's life."""
    return f"mutoscope:life:{identity}"


def worker_key(life: WorkerLife) -> str:
    """Return the key that exists while this worker is alive."""
    return f"{WORKERS}{life.worker}:{life.id}"


def write_life(life: WorkerLife) -> str:
    """Return the life as JSON."""
    return _write(encode(life))


def read_life(text: object) -> WorkerLife:
    """Return the life that the JSON describes; raise CodecError."""
    life = decode(WorkerLife, _read(text))
    for name in ("started", "ready", "seen"):
        _check_between(name, getattr(life, name), 0.0, 10**11)
    names = (life.worker, life.offer, life.model)
    if not NAME.fullmatch(life.id) or max(map(len, names)) > OFFER_LIMIT:
        raise CodecError("id, worker, offer or model: not a name")
    return life


def write_served(served: ServedModel) -> str:
    """Return what a worker serves as JSON."""
    return _write(encode(served))


def read_served(text: object) -> ServedModel:
    """Return what a worker serves that the JSON describes; raise CodecError."""
    served = decode(ServedModel, _read(text))
    _check_served(served)
    return served


def write_order(order: Order) -> str:
    """Return the order as JSON."""
    return _write(encode(order))


def read_order(text: object) -> Order:
    """Return the order that the JSON describes; raise CodecError."""
    order = decode(Order, _read(text))
    _check_attempt(order.job, order.attempt)
    return order


def write_segment(segment: FinishedSegment) -> str:
    """Return the finished segment as JSON."""
    return _write(encode(segment))


def read_segment(text: object) -> FinishedSegment:
    """Return the finished segment that the JSON describes; raise CodecError."""
    segment = decode(FinishedSegment, _read(text))
    for name, low, high in CLIP_BOUNDS:
        if name in ("frames", "seed", "seconds"):
            _check_between(name, getattr(segment, name), low, high)
    for key in (segment.made_from, segment.blob, segment.last):
        _check_blob("segment", key or "none")
    _check_notes(segment.adjustments, segment.scores)
    if segment.view is not None and not is_possible(segment.view):
        raise CodecError("view: not a pose")
    return segment


def write_event(event: Event) -> str:
    """Return the event as JSON."""
    return _write({"event": _name(event, EVENTS_BY_NAME), **encode(event)})


def read_event(text: object) -> Event:
    """Return the event that the JSON describes; raise CodecError."""
    data = _read(text)
    event = decode(_type(data, "event", EVENTS_BY_NAME), data)
    _check_attempt(event.job, event.attempt)
    if isinstance(event, Progressed):
        _check_progress(event.progress)
    return event


def write_change(change: Changed) -> str:
    """Return the change as JSON."""
    return _write(encode(change))


def read_change(text: object) -> Changed:
    """Return the change that the JSON describes; raise CodecError."""
    change = decode(Changed, _read(text))
    _check_attempt(change.job, 0)
    return change


def write_forgotten(forgotten: Forgotten) -> str:
    """Return the notice as JSON."""
    return _write(encode(forgotten))


def read_forgotten(text: object) -> Forgotten:
    """Return the notice that the JSON describes; raise CodecError."""
    return decode(Forgotten, _read(text))


def write_outcome(outcome: Clip | Failure) -> str:
    """Return the outcome as JSON."""
    return _write({"outcome": _name(outcome, OUTCOMES_BY_NAME), **encode(outcome)})


def read_outcome(text: object) -> Clip | Failure:
    """Return the outcome that the JSON describes; raise CodecError."""
    data = _read(text)
    outcome = decode(_type(data, "outcome", OUTCOMES_BY_NAME), data)
    if isinstance(outcome, Clip):
        _check_clip(outcome)
    else:
        _check_texts([(outcome.key, outcome.parameters)])
    return outcome


def _check_attempt(job: str, attempt: int) -> None:
    _check_between("attempt", attempt, 0, 10**6)
    if len(job) > NAME_LIMIT or not job.isprintable():
        raise CodecError("job: not an id")


def _check_progress(progress: Progress) -> None:
    _check_between("step", progress.step, 0, 10**6)
    _check_between("steps", progress.steps, 0, 10**6)
    _check_between("eta", progress.eta or 0.0, -(10**7), 10**7)
    _check_between("segments", progress.segments, 0, MOST_SEGMENTS)
    _check_between("segment", progress.segment, 0, progress.segments)
    _check_blob("preview", progress.preview)


def _check_clip(clip: Clip) -> None:
    for name, low, high in CLIP_BOUNDS:
        _check_between(name, getattr(clip, name), low, high)
    for candidate in clip.candidates:
        _check_between("candidates.seed", candidate.seed, 0, SEED_LIMIT)
    _check_between("candidates", len(clip.candidates), 0, MOST_CANDIDATES)
    _check_between("content_score", clip.content_score or 0.0, 0.0, 1.0)
    _check_blob("blob", clip.blob or "none")
    _check_blob("poster", clip.poster)
    _check_blob("picture", clip.picture)
    _check_notes(clip.adjustments, clip.scores)
    if clip.made_with is not None:
        _check_served(clip.made_with)
    if len(clip.worker) > TEXT_LIMIT:
        raise CodecError("worker: too long")


def _check_served(served: ServedModel) -> None:
    _check_between("revision", served.revision, 0, 10**9)
    if max(len(served.name), len(served.source)) > TEXT_LIMIT:
        raise CodecError("name or source: too long")


def _check_notes(notes: tuple[Adjustment, ...], scores: tuple[tuple[str, float], ...]) -> None:
    _check_texts((note.key, note.parameters) for note in notes)
    if len(scores) > LIST_LIMIT or any(not KEY.fullmatch(name) for name, _ in scores):
        raise CodecError("scores: too many, or a name that is none")


def _check_between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise CodecError(f"{name}: not between {low} and {high}")


def _check_blob(name: str, key: str) -> None:
    if key and not BLOB.fullmatch(key):
        raise CodecError(f"{name}: not a blob's key")


def _check_texts(texts: Iterable[tuple[str, tuple[tuple[str, str], ...]]]) -> None:
    """Check what people will read: message keys, and the names and values of their parameters."""
    for number, (key, parameters) in enumerate(texts):
        if number >= LIST_LIMIT or len(parameters) > LIST_LIMIT:
            raise CodecError("too many messages or parameters")
        if not all(KEY.fullmatch(name) for name in (key, *(name for name, _ in parameters))):
            raise CodecError("not a message key, or not a parameter's name")
        if any(len(value) > TEXT_LIMIT for _, value in parameters):
            raise CodecError("a parameter is too long")


def _name(value: object, types: Mapping[str, type[Value]]) -> str:
    return next(name for name, known in types.items() if isinstance(value, known))


def _type(data: dict[str, object], key: str, types: Mapping[str, type[Value]]) -> type[Value]:
    """Take the key that names the value's type out of the data."""
    name = data.pop(key, None)
    if not isinstance(name, str) or name not in types:
        shown = ascii(name)[:60] if isinstance(name, str) else f"of type {type(name).__name__}"
        raise CodecError(f"unknown {key} {shown}")
    return types[name]


def _write(fields: dict[str, object]) -> str:
    return json.dumps({"version": VERSION, **fields}, ensure_ascii=False, allow_nan=False)


def _read(text: object) -> dict[str, object]:
    """Return the fields beside the version; raise WrongVersion before anything else is read."""
    if not isinstance(text, str | bytes):
        raise CodecError("neither text nor bytes")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise CodecError("not an object")
    version = data.pop("version", UNVERSIONED)
    if type(version) is not int or version != VERSION:
        raise WrongVersion(version)
    return data

"""Outcomes of jobs, and the finished segments of stories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.codec import CodecError, decode, encode
from storage.domain.camera.motion import Motion, Pose, is_possible
from storage.domain.clip import SPARSE, Adjustment, Clip, Failure
from storage.domain.request import MOST_CANDIDATES, SEED_LIMIT
from storage.queue.messages.checks import (
    TEXT_LIMIT,
    check_between,
    check_blob,
    check_notes,
    check_served,
    check_texts,
)
from storage.queue.messages.wire import read_fields, type_name, type_of, write_fields

CLIP_BOUNDS = (
    *(("width", 1, 2**14), ("height", 1, 2**14), ("frames", 1, 2**14), ("fps", 1, 1000)),
    *(("seed", 0, SEED_LIMIT), ("bytes", 1, 2**40), ("seconds", 0.0, 10**7)),
)
"""Lowest and highest values of a clip's numbers, far outside of what any model makes."""

HANDED_BACK = Failure("failed_handed_back", retryable=True)
"""The outcome of a job whose worker was stopped politely: another attempt, and no death."""


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


OUTCOMES_BY_NAME: Mapping[str, type[Clip | Failure]] = {"clip": Clip, "failure": Failure}


def write_segment(segment: FinishedSegment) -> str:
    """Return the finished segment as JSON."""
    return write_fields(encode(segment))


def read_segment(text: object) -> FinishedSegment:
    """Return the finished segment that the JSON describes; raise CodecError."""
    segment = decode(FinishedSegment, read_fields(text))
    for name, low, high in CLIP_BOUNDS:
        if name in ("frames", "seed", "seconds"):
            check_between(name, getattr(segment, name), low, high)
    for key in (segment.made_from, segment.blob, segment.last):
        check_blob("segment", key or "none")
    check_notes(segment.adjustments, segment.scores)
    if segment.view is not None and not is_possible(segment.view):
        raise CodecError("view: not a pose")
    return segment


def write_outcome(outcome: Clip | Failure) -> str:
    """Return the outcome as JSON."""
    return write_fields({"outcome": type_name(outcome, OUTCOMES_BY_NAME), **encode(outcome)})


def read_outcome(text: object) -> Clip | Failure:
    """Return the outcome that the JSON describes; raise CodecError."""
    data = read_fields(text)
    outcome = decode(type_of(data, "outcome", OUTCOMES_BY_NAME), data)
    if isinstance(outcome, Clip):
        _check_clip(outcome)
    else:
        check_texts([(outcome.key, outcome.parameters)])
    return outcome


def _check_clip(clip: Clip) -> None:
    for name, low, high in CLIP_BOUNDS:
        check_between(name, getattr(clip, name), low, high)
    for candidate in clip.candidates:
        check_between("candidates.seed", candidate.seed, 0, SEED_LIMIT)
    check_between("candidates", len(clip.candidates), 0, MOST_CANDIDATES)
    check_between("content_score", clip.content_score or 0.0, 0.0, 1.0)
    check_blob("blob", clip.blob or "none")
    check_blob("poster", clip.poster)
    check_blob("picture", clip.picture)
    check_notes(clip.adjustments, clip.scores)
    if clip.made_with is not None:
        check_served(clip.made_with)
    if len(clip.worker) > TEXT_LIMIT:
        raise CodecError("worker: too long")

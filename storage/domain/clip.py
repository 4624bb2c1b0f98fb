"""The outcome of a request: a clip in the blob store, or a failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from storage.domain.camera.motion import Motion, Reading
from storage.domain.models.served_model import ServedModel

SPARSE = {"sparse": True}
"""Metadata of a field that storage.codec leaves out of JSON while it has its default."""


class Container(StrEnum):
    """The file formats of clips."""

    MP4 = "mp4"
    GIF = "gif"
    WEBP = "webp"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change that the worker made on its own, shown as a message key with parameters."""

    key: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the drafts that a clip shows side by side, and what makes it again in full.

    camera is the motion and speed among the camera's options, motion the one that the draft has.
    score is the judge's; the highest is the judge's pick.
    """

    seed: int
    camera: Reading
    motion: Motion
    score: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip: its blob, its shape, and how it was made.

    blob and poster are sha256 keys of the blob store (poster: the first frame as a PNG). bytes is
    the file's size. seconds is the model's own time, without waiting, encoding and upload. scores
    are named quality scores. candidates are the drafts of which the clip consists, in the order of
    their numbers; seed, motion and scores are then those of the judge's pick. made_with is what its
    worker served; None for clips of earlier releases. picture is the key of the PNG that was made
    from the prompt and animated, empty where the picture was given. content_score is the highest
    that the content filter gave to its frames, None where nobody has looked.
    """

    blob: str
    poster: str
    container: Container
    width: int
    height: int
    frames: int
    fps: int
    seed: int
    motion: Motion
    bytes: int
    seconds: float
    worker: str = ""
    adjustments: tuple[Adjustment, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    candidates: tuple[Candidate, ...] = field(default=(), metadata=SPARSE)
    made_with: ServedModel | None = field(default=None, metadata=SPARSE)
    picture: str = field(default="", metadata=SPARSE)
    content_score: float | None = field(default=None, metadata=SPARSE)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a worker could not make a clip: a message key of the failed_* or picture_* family.

    retryable: another attempt may succeed (the process died); otherwise the failure is final.
    """

    key: str
    parameters: tuple[tuple[str, str], ...] = ()
    retryable: bool = False
    cancelled: bool = False

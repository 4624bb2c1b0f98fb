"""The outcome of a request: a clip in the blob store, or a failure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from storage.domain.camera.motion import Motion


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
class Clip:
    """A finished clip: its blob, its shape, and how it was made.

    blob and poster are sha256 keys of the blob store (poster: the first frame as a PNG). bytes is
    the file's size. seconds is the model's own time, without waiting, encoding and upload. scores
    are named quality scores.
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


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a worker could not make a clip: a message key of the failed_* or picture_* family.

    retryable: another attempt may succeed (the process died); otherwise the failure is final.
    """

    key: str
    parameters: tuple[tuple[str, str], ...] = ()
    retryable: bool = False
    cancelled: bool = False

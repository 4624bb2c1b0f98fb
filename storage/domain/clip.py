"""Clip: what came out of a request, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from storage.domain.camera.motion import Motion


class Container(StrEnum):
    """The file formats that a clip may come in."""

    MP4 = "mp4"
    GIF = "gif"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Something the worker changed on its own, told to the person (a message key and its gaps)."""

    key: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip: its blob, its shape, and how it was made.

    blob and poster are sha256 keys of the blob store (poster: the first frame as a PNG). bytes is
    the file's size. seconds is how long the model worked on it, without any wait for it or for
    what comes after. scores are named quality scores.
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
    scores: tuple[tuple[str, float], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a worker could not make a clip: a message key of the failed_* or picture_* family.

    retryable says that another attempt may succeed (the process died); otherwise it is final.
    """

    key: str
    parameters: tuple[tuple[str, str], ...] = ()
    retryable: bool = False
    cancelled: bool = False

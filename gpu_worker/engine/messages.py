"""The messages between the worker and the child process that holds the engine.

They travel as pickles over a socket pair that no other process can reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gpu_worker.engine.api import Result
from gpu_worker.media.picture import Canvas
from storage.domain.errors import Parameter
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """How the child makes its engine: factory is `module:function`, called with the arguments.

    It is also called with on_bytes, a function that takes how many bytes of a download are there,
    and of how many.

    log_level is that of the child's logging, which the worker relays.
    """

    factory: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    log_level: str = "INFO"


@dataclass(frozen=True, slots=True)
class Generate:
    """Make a clip; its answers carry the same number. job is an id for the log."""

    number: int
    request: GenerationRequest
    canvas: Canvas
    job: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the clip of this number within a step."""

    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is loaded; seconds is what that took since the child's first line of code."""

    name: str
    device: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Downloading:
    """How much of the engine's weights is there, in bytes, and how much there will be."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ProgressUpdate:
    """How far the clip has come, with an animated WebP as preview now and then."""

    number: int
    progress: Progress
    preview: bytes | None


@dataclass(frozen=True, slots=True)
class Done:
    """The clip's frames."""

    number: int
    result: Result


class Reason(StrEnum):
    """Why there are no frames."""

    CANCELLED = "cancelled"
    OUT_OF_MEMORY = "out_of_memory"
    REFUSED = "refused"  # for the reason in key and parameters
    BROKEN = "broken"  # an unforeseen error, after which the device may be unusable
    NOT_LOADED = "not_loaded"
    NOT_LOADED_YET = "not_loaded_yet"  # for a reason that may pass


@dataclass(frozen=True, slots=True)
class Failed:
    """There will be no frames; detail is for the log."""

    number: int
    reason: Reason
    detail: str = ""
    key: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


ToChild = EngineSpec | Generate | Cancel
FromChild = Downloading | Ready | ProgressUpdate | Done | Failed

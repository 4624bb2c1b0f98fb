"""The progress of a running job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """The stages of one job on a worker, in their order.

    DOWNLOADING is of the model's weights; its steps are MiB.
    """

    DOWNLOADING = "downloading"
    LOADING = "loading"
    PREPARING = "preparing"
    DENOISING = "denoising"
    DECODING = "decoding"
    FINISHING = "finishing"
    ENCODING = "encoding"


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage, step of steps, and remaining seconds (None: unknown) of a running job.

    preview is the blob key of an animated WebP, or empty.
    """

    stage: Stage
    step: int
    steps: int
    eta: float | None = None
    preview: str = ""

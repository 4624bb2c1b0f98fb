"""The progress of a running job."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from storage.domain.clip import SPARSE


class Stage(StrEnum):
    """The stages of one job on a worker, in their order.

    DOWNLOADING is of the model's weights; its steps are MiB. PICTURE is of a picture that is made
    from the prompt first. COMPILING is of the model's layers, for a shape of clip.
    """

    DOWNLOADING = "downloading"
    LOADING = "loading"
    PREPARING = "preparing"
    PICTURE = "picture"
    COMPILING = "compiling"
    DENOISING = "denoising"
    DECODING = "decoding"
    FINISHING = "finishing"
    ENCODING = "encoding"


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage, step of steps, and remaining seconds (None: unknown) of a running job.

    preview is the blob key of an animated WebP, or empty. segment of segments is the part of a
    story that is made; 0 of 0 for any other clip.
    """

    stage: Stage
    step: int
    steps: int
    eta: float | None = None
    preview: str = ""
    segment: int = field(default=0, metadata=SPARSE)
    segments: int = field(default=0, metadata=SPARSE)

    @property
    def share(self) -> float:
        """Return how much of the stage is done, of all segments of a story, between 0 and 1."""
        share = min(1.0, max(0.0, self.step / max(1, self.steps)))
        return share if not self.segments else (self.segment - 1 + share) / self.segments

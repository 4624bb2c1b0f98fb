"""The interface of a video model, without any framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gpu_worker.media.clips.clip_parts import ClipPart
from gpu_worker.media.frames import Frames, FrameSource, stacked
from gpu_worker.media.picture import Canvas
from storage.domain.camera.motion import Motion, Pose
from storage.domain.clip import Adjustment, Candidate
from storage.domain.progress import Progress
from storage.domain.request import GenerationRequest

OnProgress = Callable[[Progress, bytes | None], None]
"""Called at every stage and step with an optional preview (animated WebP bytes)."""


class Cancelled(Exception):
    """Raised inside generate within one step after should_stop returns True."""


class NotUsable(Exception):
    """The engine cannot be loaded on this machine; the message is for whoever runs it."""


class NotUsableYet(NotUsable):
    """The engine cannot be loaded now, for a reason that may pass."""


class OutOfMemory(Exception):
    """Raised when the device's memory does not suffice even at the smallest settings."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The frames of one clip and how they were made.

    seconds is how long the engine worked on it; the child process fills it in. parts are those
    that a clip was joined of, if it was. candidates are the drafts that the frames show side by
    side; seed, motion and scores are then the judge's pick's. picture is the PNG that was made from
    the prompt and animated, empty where the picture was given. view is where the camera ends over
    the picture; None where the last frame is not a view of that. source is the file of the clip
    that these frames were made of, empty where there was none.
    """

    frames: FrameSource
    seed: int
    motion: Motion
    adjustments: tuple[Adjustment, ...] = ()
    scores: tuple[tuple[str, float], ...] = ()
    seconds: float = 0.0
    parts: tuple[ClipPart, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    picture: bytes = b""
    view: Pose | None = None
    source: bytes = b""

    @property
    def array(self) -> Frames:
        """Return all frames at once, as one array."""
        return stacked(self.frames)


class Engine(Protocol):
    """A loaded video model that turns a request and its picture into frames."""

    name: str
    device: str

    def load(self) -> None:
        """Bring the weights to the device; may be called once, raises NotUsable."""

    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        """Make the clip; raise Cancelled, OutOfMemory.

        A request with text_to_image and without a picture is for that picture, as the one frame;
        its canvas is of no use.
        """

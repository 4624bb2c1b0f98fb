"""What is done to a clip's frames after they were made: more pixels, more frames, another order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from storage.domain.errors import BadRequest

FACTORS = (1, 2, 4)
"""How many times the width and height an upscaled clip may have."""
LARGEST_SIDE = 2048
LARGEST_PIXELS = round(1.1 * LARGEST_SIDE**2)
"""The most pixels of an upscaled frame: a square's, and what rounding its sides may add."""
MOST_FPS = 60


@dataclass(frozen=True, slots=True)
class Finish:
    """The steps of finishing, each left out where it has its default.

    Frames are added between the clip's own until there are fps a second (0: as many as there are),
    then each is upscaled, then all are played backwards (reverse), then the clip is closed to a
    loop.
    """

    upscale: int = 1
    fps: int = 0
    loop: bool = False
    reverse: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be done to any clip."""
        if self.upscale not in FACTORS:
            low, high = FACTORS[0], FACTORS[-1]
            raise BadRequest("request_out_of_range", name="upscale", low=low, high=high)
        if not 0 <= self.fps <= MOST_FPS:
            raise BadRequest("request_out_of_range", name="smooth", low=0, high=MOST_FPS)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return a finished clip's width and height; raise BadRequest where they are too large."""
        if self.upscale > 1 and width * height * self.upscale**2 > LARGEST_PIXELS:
            raise BadRequest("request_upscaled_size", factor=self.upscale, side=LARGEST_SIDE)
        return width * self.upscale, height * self.upscale

    def smoothed(self, frames: int, fps: int) -> int:
        """Return how many frames there are once those between have been added."""
        return frames if self.fps <= fps else (frames - 1) * self.fps // fps + 1

    @property
    def changes(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, by name."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default
        }

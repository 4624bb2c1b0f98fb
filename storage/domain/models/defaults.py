"""What a model makes of an order that leaves something out, and at what size it works."""

from __future__ import annotations

from dataclasses import dataclass

from storage.domain.request import Preset


@dataclass(frozen=True, slots=True)
class Defaults:
    """The values of options that are left out.

    The camera's strength is camera_strength for a motion that somebody names, by the prompt or by
    an option, and camera_strength_unnamed for the drift of an order that names none.
    """

    resolution: str
    frames: int
    fps: int
    steps: int
    preset: Preset
    guidance: float = 1.0
    camera_strength: float = 0.0
    camera_strength_unnamed: float = 0.0

    @property
    def strength(self) -> float | None:
        """The default of the option strength; None where it depends on the rest of the order."""
        same = self.camera_strength == self.camera_strength_unnamed
        return self.camera_strength if same else None


@dataclass(frozen=True, slots=True)
class Denoising:
    """The size at which a model denoises, where its clips are rendered at another one.

    side is that of the square with the same area, in pixels; frames is for how many moments of a
    clip there is an answer.
    """

    side: int
    frames: int

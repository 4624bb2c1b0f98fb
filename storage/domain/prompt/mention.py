"""A mention of a camera motion at one position of a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from storage.domain.camera.motion import Motion, Speed


class Rank(IntEnum):
    """How explicit a mention is, the most explicit first; only the best rank counts."""

    CAMERA = 0  # a motion of the camera by name: "the camera moves left", "pan left"
    VERB = 1  # a motion that is asked of nobody by name: "move left", "look up"
    MANNER = 2  # how the camera is held, or what it shows: "handheld", "reveal the valley"
    REST = 3  # little or no motion: "steady", "drifting"
    CONTENT = 4  # how the frame's content moves: "the scene moves left"


@dataclass(frozen=True, slots=True)
class Mention:
    """A motion that the prompt names at a character position; negated where it is ruled out.

    speed is None where the clause names none.
    """

    position: int
    motion: Motion
    rank: Rank
    negated: bool = False
    speed: Speed | None = None

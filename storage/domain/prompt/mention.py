"""A mention of a camera motion at one position of a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from storage.domain.camera.motion import Motion, Speed


class Rank(IntEnum):
    """How explicit a mention is, the most explicit first; only the best rank counts."""

    VERB = 0  # an explicit motion: "pan left"
    MANNER = 1  # how the camera is held, or what it shows: "handheld", "reveal the valley"
    REST = 2  # little or no motion: "steady", "drifting"
    HINT = 3  # a framing that a motion may lead to: "close-up"


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

"""Mention: one place in a prompt where the words ask something of the camera."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from storage.domain.camera.motion import Motion, Speed


class Rank(IntEnum):
    """How much a mention says, the strongest first; a weaker one yields to a stronger."""

    VERB = 0  # a motion in so many words: "pan left"
    MANNER = 1  # how the camera is held, or what it shows: "handheld", "reveal the valley"
    REST = 2  # that it does little: "steady", "drifting"
    HINT = 3  # what the picture shows, which a motion may lead to: "close-up"


@dataclass(frozen=True, slots=True)
class Mention:
    """A motion that is named at a character of the prompt; negated where it is ruled out.

    speed is None where the words beside it say nothing of it.
    """

    place: int
    motion: Motion
    rank: Rank
    negated: bool = False
    speed: Speed | None = None

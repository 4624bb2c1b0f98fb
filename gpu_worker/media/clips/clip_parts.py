"""The parts that a clip was joined of, as its file's comment lists them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from storage.clip_comment import comment_of
from storage.codec import decode, encode
from storage.domain.camera.motion import Motion, Pose, is_possible

NAME = "segments"
"""The comment's key beside that of the clip's own parameters."""

OWN = "mutoscope"
MOST_PARTS = 200

VIEW = "view"
"""The comment's key of where the camera ends over the picture, as a pose."""


@dataclass(frozen=True, slots=True)
class ClipPart:
    """One part of a joined clip: how it was made, and how many of the clip's frames it has."""

    prompt: str
    seed: int
    motion: Motion
    frames: int


def listed(parts: tuple[ClipPart, ...]) -> dict[str, Any]:
    """Return what a comment has of these parts beside the clip's own parameters."""
    return {NAME: [encode(part) for part in parts]} if parts else {}


def with_view(view: Pose | None) -> dict[str, Any]:
    """Return what a comment has of the camera's last view."""
    return {} if view is None else {VIEW: encode(view)}


def view_in(data: bytes) -> Pose | None:
    """Return where a clip's camera ends over its picture; None where its file does not say."""
    try:
        view = decode(Pose, json.loads(comment_of(data))[VIEW])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return view if is_possible(view) else None


def parts_in(data: bytes, frames: int) -> tuple[ClipPart, ...]:
    """Return the parts of a clip's file of so many frames; one where it was not joined.

    Empty where its comment does not say.
    """
    try:
        comment = json.loads(comment_of(data))
        if NAME in comment:
            return tuple(decode(ClipPart, part) for part in comment[NAME][:MOST_PARTS])
        own = comment[OWN]
        part = {name: own[name] for name in ("prompt", "seed")}
        return (decode(ClipPart, {**part, "motion": own["resolved_motion"], "frames": frames}),)
    except (ValueError, KeyError, TypeError, RecursionError):  # a CodecError is a ValueError
        return ()

"""The part of a prompt that says what there is to see, without what the camera does."""

from __future__ import annotations

import re

from gpu_worker.models.text_to_image.camera_words import first_thing, names_a_thing
from storage.domain.prompt.normal_form import normalized
from storage.domain.prompt.reading import mentions, speaks_of_camera

PARTS = re.compile(r"([,;.!?，；。！？、\n]+)")


def scene_in(prompt: str) -> str:
    """Return a prompt without what says nothing but a camera motion; all of it if that is all.

    A text-to-image model would draw it: a pan to pan left with, or the blur of a zoom. A part that
    also names what there is to see is kept.
    """
    pieces = PARTS.split(prompt)
    scenes = [
        (_scene(piece), mark) for piece, mark in zip(pieces[::2], [*pieces[1::2], ""], strict=True)
    ]
    text = "".join(piece + mark for piece, mark in scenes if piece.strip()).strip()
    return re.sub(r"[,;，；、\s]+$", "", text) or prompt


def _scene(piece: str) -> str:
    """Return what a part shows: all of it, what a motion at its start leads to, or nothing."""
    text = normalized(piece)
    found = mentions(text)
    if not found and not speaks_of_camera(piece):
        return piece
    if not names_a_thing(text):
        return ""
    start = first_thing(text)
    leads = start < len(text) and any(mention.position < start for mention in found)
    if not leads or len(text) != len(piece):  # positions are those of the normal form
        return piece
    return piece[: len(piece) - len(piece.lstrip())] + piece[start:]

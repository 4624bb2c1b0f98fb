"""The part of a prompt that says what there is to see, without what the camera does."""

from __future__ import annotations

import re

from storage.domain.prompt.normal_form import normalized
from storage.domain.prompt.reading import mentions, speaks_of_camera

PARTS = re.compile(r"([,;.!?，；。！？、\n]+)")


def scene_in(prompt: str) -> str:
    """Return a prompt without the parts that name a camera motion; all of it if no part is left.

    A text-to-image model would draw them: a pan to pan left with, or the blur of a zoom.
    """
    pieces = PARTS.split(prompt)
    kept = [
        (piece, mark)
        for piece, mark in zip(pieces[::2], [*pieces[1::2], ""], strict=True)
        if piece.strip() and not (mentions(normalized(piece)) or speaks_of_camera(piece))
    ]
    text = "".join(piece + mark for piece, mark in kept).strip()
    return re.sub(r"[,;，；、\s]+$", "", text) or prompt

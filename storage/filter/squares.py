"""The shape in which pictures and frames are looked at."""

from __future__ import annotations

from PIL import Image

from storage.pictures.inspection import SIDE

SQUARE_BYTES = SIDE * SIDE * 3
"""The bytes of one picture, squashed to SIDE by SIDE pixels of RGB."""


def square_of(image: Image.Image) -> bytes:
    """Return the square of a picture that is decoded already."""
    small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return small.tobytes()


def image_of(square: bytes) -> Image.Image:
    """Return a square as a picture."""
    return Image.frombytes("RGB", (SIDE, SIDE), square)

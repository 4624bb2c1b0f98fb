"""PictureFacts: what is known of an uploaded picture before anything is made of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """An upload's format, its size as it is shown, and how bright and varied it is.

    width and height are in pixels after any EXIF rotation. brightness is the mean of the
    luminance and contrast its standard deviation, both on a scale from 0 to 1. subject is the
    share of the picture's area that holds most of its detail.
    """

    format: str
    width: int
    height: int
    animated: bool
    brightness: float
    contrast: float
    subject: float = 1.0

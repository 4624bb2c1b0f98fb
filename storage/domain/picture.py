"""What is known of an uploaded picture before it is animated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """An upload's format, size, brightness, contrast and subject.

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

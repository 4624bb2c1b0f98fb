"""Pictures that are animated: what is known of an upload, and how one is made from a prompt."""

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


@dataclass(frozen=True, slots=True)
class TextToImage:
    """How a picture is made from an order's prompt, with the order's seed.

    model is the name by which bot and workers know the text-to-image model; steps and guidance are
    those of its denoising.
    """

    model: str
    steps: int
    guidance: float

    def __post_init__(self) -> None:
        """Write equal values alike (7 is 7.0)."""
        object.__setattr__(self, "guidance", float(self.guidance))

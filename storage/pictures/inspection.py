"""Measures an upload: its size, brightness, contrast, and how much of it the subject takes."""

from __future__ import annotations

from PIL import Image, ImageFilter, ImageStat

from storage.domain.picture import PictureFacts
from storage.pictures.decoding import PictureFile

SIDE = 256  # pixels: what is measured is measured on a small copy


def inspect(data: bytes) -> PictureFacts:
    """Return the facts about an upload; raise BadPicture if it cannot be animated."""
    return measure(PictureFile.open(data))[0]


def measure(upload: PictureFile) -> tuple[PictureFacts, bytes]:
    """Return the facts about an upload whose header was read, and its square; raise BadPicture.

    The square is all of the picture at SIDE by SIDE pixels of RGB, whatever its shape, as content
    filters look at pictures.
    """
    small = upload.decode((SIDE, SIDE))
    square = small.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0).tobytes()
    small.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    return _facts(upload, small), square


def _facts(upload: PictureFile, small: Image.Image) -> PictureFacts:
    grey = small.convert("L")
    statistics = ImageStat.Stat(grey)
    width, height = upload.size
    return PictureFacts(
        format=upload.format.lower(),
        width=width,
        height=height,
        animated=upload.animated,
        brightness=statistics.mean[0] / 255,
        contrast=statistics.stddev[0] / 255,
        subject=_subject(grey),
    )


def _subject(grey: Image.Image) -> float:
    """Return the smallest share of the area that has four fifths of the edges' energy."""
    edges = grey.filter(ImageFilter.FIND_EDGES)
    inner = (
        2,
        2,
        max(3, edges.width - 2),
        max(3, edges.height - 2),
    )  # the filter's valid part
    cells = edges.crop(inner).resize((16, 16), Image.Resampling.BOX)
    energy = sorted((level * level for level in cells.tobytes()), reverse=True)
    wanted, found = 0.8 * sum(energy), 0
    for count, part in enumerate(energy, start=1):
        found += part
        if found >= wanted > 0:
            return count / len(energy)
    return 1.0

"""The gallery: every usable training picture, decoded once and kept as arrays on disk."""

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.lab.training.data import sources

Pixels = NDArray[np.uint8]

LARGEST_SIDE = 1152
SMALLEST_SIDE = 220
SMALLEST_CUTOUT = 90
DULLEST = 7.0
"""Mean absolute Laplacian at 256 px below which a picture is a plain gradient."""


@dataclass(frozen=True)
class Gallery:
    """Training pictures, held-out pictures (H, W, 3) and cut-outs (H, W, 4), RGB."""

    pictures: list[Pixels]
    held_out: list[Pixels]
    cutouts: list[Pixels]
    versions: dict[str, str]


def open_gallery(work: Path) -> Gallery:
    """Load the gallery below `work`, building it from the packages the first time."""
    path = work / "gallery.pickle"
    if not path.exists():
        with path.open("wb") as file:
            pickle.dump(_build(work), file, protocol=5)
    with path.open("rb") as file:
        gallery: Gallery = pickle.load(file)  # noqa: S301 # our own file, just written
    return gallery


def _build(work: Path) -> Gallery:
    versions = sources.fetch(work)
    gallery = Gallery([], [], [], versions)
    seen: set[bytes] = set()
    for source in sources.SOURCES:
        for name, data in sources.raw_pictures(work, source):
            digest = hashlib.sha256(data).digest()
            if digest not in seen:
                seen.add(digest)
                _place(gallery, source, name, data)
    return gallery


def _place(gallery: Gallery, source: sources.Source, name: str, data: bytes) -> None:
    """Decode one picture and put it where it belongs; leave out what teaches nothing."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.ndim != 3 or decoded.dtype != np.uint8:
        return
    if decoded.shape[2] == 4 and (source.cutouts or decoded[..., 3].min() < 250):
        if min(decoded.shape[:2]) >= SMALLEST_CUTOUT and decoded[..., 3].min() < 128:
            gallery.cutouts.append(_limited(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA), 640))
        return
    if source.cutouts or min(decoded.shape[:2]) < SMALLEST_SIDE:
        return
    picture = _limited(cv2.cvtColor(decoded[..., :3], cv2.COLOR_BGR2RGB), LARGEST_SIDE)
    if detail(picture) < DULLEST:
        return
    # A picture is held out by its name, so that adding packages never moves it.
    held_out = hashlib.sha256(name.encode()).digest()[0] < 10
    (gallery.held_out if held_out else gallery.pictures).append(picture)


def detail(picture: Pixels) -> float:
    """Give how much fine structure a picture has: mean absolute Laplacian at 256 px."""
    small = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())


def _limited(decoded: cv2.typing.MatLike, side: int) -> Pixels:
    picture = np.asarray(decoded, np.uint8)
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return picture
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

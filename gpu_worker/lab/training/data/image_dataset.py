"""The image dataset: every usable training picture, decoded once and kept as arrays on disk."""

import hashlib
import pickle
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.lab.training.data import sources
from gpu_worker.lab.training.data.sources import ImageSource
from gpu_worker.media.frames import Frame

Cutout = NDArray[np.uint8]  # (height, width, 4), RGBA

LARGEST_SIDE = 1152
SMALLEST_SIDE = 220
LARGEST_CUTOUT, SMALLEST_CUTOUT = 640, 90
LEAST_DETAIL = 7.0
"""Mean absolute Laplacian at 256 px below which a picture is a plain gradient."""


@dataclass(frozen=True)
class ImageDataset:
    """Training pictures, held-out pictures, cut-outs, and the packages' versions."""

    images: list[Frame]
    held_out: list[Frame]
    cutouts: list[Cutout]
    versions: dict[str, str]


def load(work: Path) -> ImageDataset:
    """Load the dataset below `work`, after building it from the packages the first time."""
    path = work / "images.pickle"
    if not path.exists():
        with path.open("wb") as file:
            pickle.dump(_build(work), file, protocol=5)
    with path.open("rb") as file:
        dataset: ImageDataset = pickle.load(file)  # noqa: S301 # our own file, just written
    return dataset


def _build(work: Path) -> ImageDataset:
    dataset = ImageDataset([], [], [], sources.fetch(work))
    seen: set[bytes] = set()
    for source in sources.SOURCES:
        for name, data in sources.encoded_images(work, source):
            digest = hashlib.sha256(data).digest()
            if digest not in seen:
                seen.add(digest)
                _add(dataset, source, name, data)
    return dataset


def _add(dataset: ImageDataset, source: ImageSource, name: str, data: bytes) -> None:
    """Decode one picture and add it to its list; leave out small and plain ones."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.ndim != 3 or decoded.dtype != np.uint8:
        return
    if decoded.shape[2] == 4 and (source.cutouts or decoded[..., 3].min() < 250):
        if min(decoded.shape[:2]) >= SMALLEST_CUTOUT and decoded[..., 3].min() < 128:
            rgba = cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA)
            dataset.cutouts.append(_shrink(rgba, LARGEST_CUTOUT))
        return
    if source.cutouts or min(decoded.shape[:2]) < SMALLEST_SIDE:
        return
    image = _shrink(cv2.cvtColor(decoded[..., :3], cv2.COLOR_BGR2RGB), LARGEST_SIDE)
    if _detail(image) < LEAST_DETAIL:
        return
    # A picture is held out by its name, so that adding packages never moves it.
    held_out = hashlib.sha256(name.encode()).digest()[0] < 10
    (dataset.held_out if held_out else dataset.images).append(image)


def _detail(image: Frame) -> float:
    """Return how much fine structure a picture has: mean absolute Laplacian at 256 px."""
    small = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())


def _shrink(decoded: cv2.typing.MatLike, side: int) -> NDArray[np.uint8]:
    """Reduce a picture whose longer side is longer than `side`."""
    image = np.asarray(decoded, np.uint8)
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)

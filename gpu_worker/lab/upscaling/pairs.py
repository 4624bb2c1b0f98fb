"""Pairs of a photograph's luminance and of what a clip half its size keeps of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from gpu_worker.finish.upscale import Light
from gpu_worker.lab.training.data import sources
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.encode import Encoded, encode
from gpu_worker.media.frames import Frame

PHOTOGRAPHS = (
    "plasma-workspace-wallpapers",
    "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04",
    "ukui-wallpapers",
    "mate-backgrounds",
)
LARGEST_SIDE = 1024
"""Photographs are reduced to this side first, so that their own blur and noise are gone."""
SIZE_LIMITS = (10_000_000, 10_000_000, 60_000)
"""Bytes of a still film: mostly its best quality, as Discord's limits allow for most clips."""


@dataclass(frozen=True)
class Pair:
    """Luminance at full size, and at half of it after H.264."""

    large: Light
    small: Light


def photographs(work: Path) -> Iterator[Frame]:
    """Yield the training photographs, fetched below `work` the first time."""
    sources.fetch(work, PHOTOGRAPHS)
    for package in PHOTOGRAPHS:
        for _, data in sources.encoded_images(work, sources.ImageSource(package)):
            picture = decoded(data)
            if min(picture.shape[:2]) >= LARGEST_SIDE // 2:
                yield reduced(picture, LARGEST_SIDE)


def decoded(data: bytes) -> Frame:
    """Return a picture's pixels; raise ValueError where there are none."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("not a picture")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def reduced(picture: Frame, side: int) -> Frame:
    """Return a picture of at most this side, with sides that are multiples of four."""
    scale = min(1.0, side / max(picture.shape[:2]))
    height, width = (int(length * scale) // 4 * 4 for length in picture.shape[:2])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def pair(picture: Frame, size_limit: int = SIZE_LIMITS[0]) -> Pair:
    """Return the pair of a picture whose sides are multiples of four."""
    small = seen(halved(picture), size_limit)
    return Pair(luminance(picture), luminance(small))


def halved(picture: Frame) -> Frame:
    """Return a picture at half its size."""
    height, width = picture.shape[:2]
    half = (width // 2, height // 2)
    return np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)


def seen(picture: Frame, size_limit: int = SIZE_LIMITS[0]) -> Frame:
    """Return a picture as a film of it shows it."""
    film: Encoded = encode(np.stack([picture, picture]), 8, size_limit, {})
    height, width = picture.shape[:2]
    with open_clip(film.data) as frames:
        return frames[0][:height, :width]  # odd sides have one more in the file


def luminance(picture: Frame) -> Light:
    """Return a picture's luminance between 0 and 1."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., 0], np.float32) / 255.0

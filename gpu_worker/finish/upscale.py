"""Upscales frames by filters that were learned on photographs.

For each kind of place (how strong its edges are, how clear, and in which direction) there is a
filter of the pixels around it, which gives what bicubic enlargement lacks (RAISR, arXiv
1606.01299). Luminance alone is filtered; colour, which eyes and H.264 resolve less, is merely
enlarged. The filters come from gpu_worker.lab.upscaling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media.frames import Frame, FrameSource

Light = NDArray[np.float32]  # (height, width), 0..1

FILTERS = Path(__file__).with_name("upscale.npy")
REACH = 3
TAPS = (2 * REACH + 1) ** 2
DIRECTIONS = 12
STRENGTHS = np.array([0.006, 0.015, 0.04])  # of the gradient, from one kind to the next
CLARITIES = np.array([0.25, 0.5])  # from many directions to a single one
KINDS = DIRECTIONS * (len(STRENGTHS) + 1) * (len(CLARITIES) + 1)
BAND = 96  # rows that are filtered at once


@dataclass(frozen=True)
class Upscaler:
    """A filter (taps, 4) of each kind: the pixels around a place give those of its 2x2 block."""

    filters: NDArray[np.float32]

    @classmethod
    def load(cls) -> Upscaler:
        """Read the filters."""
        return cls(np.load(FILTERS).astype(np.float32))

    def upscale(self, frame: Frame, factor: int) -> Frame:
        """Return a frame at 2 or 4 times its size."""
        while factor > 1:
            frame, factor = self._doubled(frame), factor // 2
        return frame

    def missing(self, light: Light) -> Light:
        """Return what bicubic enlargement lacks of a luminance, at twice its size."""
        height, width = light.shape
        kinds, padded = kinds_of(light), padded_light(light)
        bands = []
        for top in range(0, height, BAND):
            rows = min(BAND, height - top)
            around = surroundings(padded[top : top + rows + 2 * REACH])
            blocks = self._filtered(around, kinds[top : top + rows].ravel())
            bands.append(blocks.reshape(rows, width, 2, 2).transpose(0, 2, 1, 3))
        return np.concatenate(bands).reshape(2 * height, 2 * width)

    def _filtered(self, around: NDArray[np.float32], kinds: NDArray[np.intp]) -> Light:
        """Return the block (places, 4) of each place, each kind of place at once."""
        blocks = np.empty((len(around), 4), np.float32)
        order = np.argsort(kinds, kind="stable")
        ends = np.searchsorted(kinds[order], np.arange(KINDS + 1))
        for kind, (start, end) in enumerate(pairwise(ends)):
            places = order[start:end]
            blocks[places] = around[places] @ self.filters[kind]
        return blocks

    def _doubled(self, frame: Frame) -> Frame:
        small = cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb)
        large = bicubic(small, 2)
        light = large[..., 0] + 255.0 * self.missing(np.asarray(small[..., 0] / 255.0, np.float32))
        large[..., 0] = np.clip(np.rint(light), 0, 255)
        return np.asarray(cv2.cvtColor(large, cv2.COLOR_YCrCb2RGB), np.uint8)


@dataclass(frozen=True)
class UpscaledFrames:
    """The frames of another source at a multiple of their size, each made when it is read."""

    frames: FrameSource
    factor: int
    upscaler: Upscaler

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Frame:
        return self.upscaler.upscale(self.frames[index], self.factor)

    def __iter__(self) -> Iterator[Frame]:
        return (self.upscaler.upscale(frame, self.factor) for frame in self.frames)


def bicubic(frame: NDArray[Any], factor: int) -> NDArray[Any]:
    """Return a frame enlarged without any filter."""
    height, width = frame.shape[:2]
    size = (width * factor, height * factor)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC), frame.dtype)


def kinds_of(light: Light) -> NDArray[np.intp]:
    """Return the number of each place's kind, by the structure tensor around it."""
    across, down = (
        cv2.Scharr(light, cv2.CV_32F, 1, 0) / 32,
        cv2.Scharr(light, cv2.CV_32F, 0, 1) / 32,
    )
    products = (across * across, across * down, down * down)
    xx, xy, yy = (cv2.GaussianBlur(one, (7, 7), 1.5) for one in products)
    middle, spread = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
    strength, weaker = np.sqrt(middle + spread), np.sqrt(np.maximum(middle - spread, 0.0))
    clarity = (strength - weaker) / (strength + weaker + 1e-6)
    turn = (0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2) / np.pi  # 0..1
    direction = np.minimum((turn * DIRECTIONS).astype(int), DIRECTIONS - 1)
    kind = direction * (len(STRENGTHS) + 1) + np.digitize(strength, STRENGTHS)
    return np.asarray(kind * (len(CLARITIES) + 1) + np.digitize(clarity, CLARITIES), np.intp)


def padded_light(light: Light) -> Light:
    """Return a luminance with what filters reach over its border: the border's own pixels."""
    return np.pad(light, REACH, mode="edge")


def surroundings(padded: Light) -> NDArray[np.float32]:
    """Return the pixels around each place (places, taps), less their mean; padded on all sides."""
    height, width = padded.shape[0] - 2 * REACH, padded.shape[1] - 2 * REACH
    steps = range(2 * REACH + 1)
    shifted = [padded[y : y + height, x : x + width] for y in steps for x in steps]
    around = np.stack(shifted, axis=-1).reshape(-1, TAPS)
    return np.asarray(around - around.mean(axis=1, keepdims=True), np.float32)

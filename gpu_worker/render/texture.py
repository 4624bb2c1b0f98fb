"""Fine detail for what lies beyond a picture's border: grain and texture of the picture near by.

Blocks of the picture's own fine detail are laid over each other. Each is chosen from what lies near
its place, where the colours are alike and no single line or object stands out, so that texture goes
on and things are not repeated; where things end is left to the soft shapes below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.render.backdrop import FloatImage, blur, padded
from gpu_worker.render.extent import Margins

Spots = NDArray[np.int64]  # (spots, 2): y, x

CANDIDATES, CHOSEN = 96, 6
"""How many blocks are looked at for each place, and among how many of the best chance decides."""

REACH = 0.25
"""How far from the nearest place in the picture blocks are taken, as a share of its side."""

FAR, BUSY = 75.0, 300.0
"""What a block costs at that distance, and for e times the calm ones' energy, beside the squared
difference of its colour."""

UNUSABLE = 20_000.0
"""What a block costs that lies where nothing may be taken from."""

CALM = 0.3
"""The share of a place's candidates that count as calm."""

HIGHEST, GREATEST_GAIN, LEAST_GAIN = 1.5, 2.2, 0.5
"""The largest detail, in multiples of its usual size near by, and what matching may change it."""

MATCHED = 1.1
"""The share of its surroundings' energy that detail beyond the border is brought to.

More than all of it, since between detail and soft shapes some is missing."""


@dataclass(frozen=True, eq=False)
class Surface:
    """A picture (h, w, 3) taken apart: soft is its blur, detail what that leaves out.

    usable (h, w), 0..1, is where detail may be taken from; None for everywhere.
    """

    soft: FloatImage
    detail: FloatImage
    usable: FloatImage | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Return the width and height."""
        return self.soft.shape[1], self.soft.shape[0]


def continue_texture(
    surface: Surface,
    margins: Margins,
    backdrop: FloatImage,
    beyond: FloatImage,
    *,
    block: int,
    random: np.random.Generator,
) -> FloatImage:
    """Return detail for the margins (H, W, 3) with the energy of what is near; elsewhere any.

    backdrop (H, W, 3) is what the detail will lie on, beyond (H, W) the distance from the picture;
    block is the side of the blocks in pixels, an even number.
    """
    calm = replace(surface, detail=_without_highlights(surface.detail, block))
    laid = _Mosaic(calm, margins, backdrop, block, random).laid(beyond)
    return _matched(laid, surface, margins, block)


class _Mosaic:
    """Overlapping blocks of detail on the plane of a picture with its margins."""

    def __init__(
        self,
        surface: Surface,
        margins: Margins,
        backdrop: FloatImage,
        block: int,
        random: np.random.Generator,
    ) -> None:
        self.surface, self.margins, self.block, self.random = surface, margins, block, random
        self.half = block // 2
        self.cell = max(1, self.half // 3)  # colours and energy are compared at this resolution
        self.colours = self._coarse(surface.soft)
        energy = self._coarse(np.square(surface.detail).sum(axis=2))
        self.energy = blur(energy, self.half / self.cell)
        self.wanted = self._coarse(backdrop)
        self.unusable = self._unusable()

    def laid(self, beyond: FloatImage) -> FloatImage:
        """Return the detail (H, W, 3) of all places beyond the picture."""
        height, width = beyond.shape
        block, half = self.block, self.half
        bow = np.sin((np.arange(block) + 0.5) / block * np.pi)
        weight = np.outer(bow, bow).astype(np.float32)[..., None]
        total = np.zeros((height + 2 * block, width + 2 * block, 3), np.float32)
        weights = np.zeros((height + 2 * block, width + 2 * block, 1), np.float32)
        for top, left in self._places(beyond):
            y, x = self._choose(top + half, left + half)
            detail = self.surface.detail[y - half : y + half, x - half : x + half]
            rows, columns = (
                slice(top + block, top + 2 * block),
                slice(left + block, left + 2 * block),
            )
            total[rows, columns] += weight * detail
            weights[rows, columns] += weight**2
        # Independent detail adds up by its squares, and so keeps its energy.
        mixed = total / np.sqrt(np.maximum(weights, 1e-4))
        return np.asarray(mixed[block:-block, block:-block], np.float32)

    def _places(self, beyond: FloatImage) -> Iterator[tuple[int, int]]:
        """Return the corners (top, left) of blocks that touch the margins, a little irregular."""
        height, width = beyond.shape
        shift = max(1, self.half // 3)
        for top in range(-self.half, height, self.half):
            for left in range(-self.half, width, self.half):
                rows = slice(max(top, 0), top + self.block)
                if not beyond[rows, max(left, 0) : left + self.block].any():
                    continue
                down, across = self.random.integers(-shift, shift + 1, 2)
                yield (
                    min(max(top + int(down), -self.block), height),
                    min(max(left + int(across), -self.block), width),
                )

    def _choose(self, y: int, x: int) -> tuple[int, int]:
        """Return the middle (y, x) of the block in the picture for a place on the plane."""
        width, height = self.surface.size
        reach = REACH * min(width, height)
        lowest, highest = (self.half, self.half), (height - self.half, width - self.half)
        near = np.clip((y - self.margins.top, x - self.margins.left), lowest, highest)
        drawn = near + self.random.normal(0.0, reach, (CANDIDATES, 2))
        spots: Spots = np.clip(drawn, lowest, highest).astype(np.int64)  # (candidates, 2)
        wanted = _at(self.wanted, np.array([[y, x]]), self.cell)
        energy = _at(self.energy, spots, self.cell)
        calm = np.quantile(energy, CALM)
        cost = np.square(_at(self.colours, spots, self.cell) - wanted).mean(axis=1)
        cost += FAR * np.square(spots - near).sum(axis=1) / reach**2
        cost += BUSY * np.maximum(np.log((energy + 2.0) / (calm + 2.0)), 0.0)
        if self.unusable is not None:
            cost += UNUSABLE * _at(self.unusable, spots, self.cell)
        chosen = spots[self.random.choice(np.argsort(cost)[:CHOSEN])]
        return int(chosen[0]), int(chosen[1])

    def _unusable(self) -> FloatImage | None:
        """Return the share of a block around each place from which nothing may be taken."""
        if self.surface.usable is None:
            return None
        return blur(1.0 - self._coarse(self.surface.usable), 0.5 * self.half / self.cell)

    def _coarse(self, plane: FloatImage) -> FloatImage:
        return _shrunk(plane, self.cell)


def _at(coarse: FloatImage, spots: Spots, cell: int) -> FloatImage:
    """Return the coarse plane's values at spots (n, 2) of the full one."""
    last = np.array(coarse.shape[:2]) - 1
    rows, columns = np.clip(spots // cell, 0, last).T
    return np.asarray(coarse[rows, columns], np.float32)


def _without_highlights(detail: FloatImage, block: int) -> FloatImage:
    """Return detail in which single lines and spots are not above what is usual near by."""
    size = np.abs(detail).max(axis=2)
    # The mean of roots gives a few strong pixels less weight than a mean does.
    usual = np.square(np.maximum(blur(np.sqrt(size), 0.4 * block), 0.0))
    kept = np.minimum(1.0, (HIGHEST * usual + 1e-3) / np.maximum(size, 1e-3))
    return np.asarray(detail * kept[..., None], np.float32)


def _matched(laid: FloatImage, surface: Surface, margins: Margins, block: int) -> FloatImage:
    """Return laid detail with the energy of the picture's detail, as it is at the border."""
    found = _usual(np.square(surface.detail).sum(axis=2), surface.usable, float(block))
    wanted = blur(padded(found, margins, cv2.BORDER_REPLICATE), float(block))
    is_there = blur(np.square(laid).sum(axis=2), 0.5 * block)
    gain = np.sqrt(MATCHED * np.maximum(wanted, 0.0) / (np.maximum(is_there, 0.0) + 1.0))
    return np.asarray(laid * np.clip(gain, LEAST_GAIN, GREATEST_GAIN)[..., None], np.float32)


def _usual(energy: FloatImage, usable: FloatImage | None, spread: float) -> FloatImage:
    """Return the energy that is usual around each place, where detail may be taken from."""
    if usable is None:
        return blur(energy, spread)
    total = blur(np.asarray(energy * usable, np.float32), spread)
    return np.asarray(total / np.maximum(blur(usable, spread), 1e-2), np.float32)


def _shrunk(plane: FloatImage, factor: int) -> FloatImage:
    size = (max(1, plane.shape[1] // factor), max(1, plane.shape[0] // factor))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)

"""Footprints: the working memory of clips as the benchmark measured it, row by row.

`python -m gpu_worker.lab.bench` writes the rows; a device that nobody measured has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

FILE = Path(__file__).with_name("footprints.json")


@dataclass(frozen=True, slots=True)
class Kind:
    """What rows have to have in common to be compared: the model, the device, its numbers.

    model is the channels of the UNet's levels; number is the bytes of one number.
    """

    model: str
    device: str
    number: int

    @classmethod
    def of(cls, unet: nn.Module, device: torch.device, dtype: torch.dtype) -> Kind:
        """Return the kind of a stock UNet on a device."""
        channels = cast(Any, unet).config.block_out_channels
        return cls("-".join(map(str, channels)), device.type, dtype.itemsize)


@dataclass(frozen=True, slots=True)
class Footprint:
    """The bytes that one clip took beside the lasting weights (UNet and autoencoder), guided."""

    kind: Kind
    saving: str
    width: int
    height: int
    frames: int
    work: int

    @property
    def pixels(self) -> int:
        """Return the pixels of all frames."""
        return self.width * self.height * self.frames


def load(file: Path = FILE) -> tuple[Footprint, ...]:
    """Read the table; there is none where nothing was measured."""
    if not file.is_file():
        return ()
    rows = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Footprint(**{**row, "kind": Kind(**row["kind"])}) for row in rows)


def save(rows: Iterable[Footprint], file: Path = FILE) -> None:
    """Add rows to the table, in place of those measured for the same clip before."""
    known = {_key(row): row for row in (*load(file), *rows)}
    lines = [json.dumps(asdict(known[key])) for key in sorted(known)]
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def work(rows: Sequence[Footprint], kind: Kind, saving: str, pixels: int) -> float | None:
    """Return the bytes that a clip of so many pixels takes, or None where nobody measured it.

    Between two rows it is a straight line; smaller clips count as the smallest row, larger ones
    grow in proportion from the largest.
    """
    points = sorted(
        (row.pixels, row.work) for row in rows if row.kind == kind and row.saving == saving
    )
    if not points:
        return None
    (least, floor), (most, ceiling) = points[0], points[-1]
    if pixels <= least:
        return float(floor)
    for (low, below), (high, above) in pairwise(points):
        if low <= pixels <= high and high > low:
            return below + (above - below) * (pixels - low) / (high - low)
    return ceiling * pixels / most


def _key(row: Footprint) -> tuple[str, str, int, str, int, int, int]:
    kind = row.kind
    sizes = (row.width, row.height, row.frames)
    return (kind.model, kind.device, kind.number, row.saving, *sizes)

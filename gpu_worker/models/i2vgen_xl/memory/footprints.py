"""The table of clips' working memory as the benchmark measured it, in footprints.json.

`python -m gpu_worker.lab.bench` writes the rows; a device that was not measured has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet

FILE = Path(__file__).with_name("footprints.json")


@dataclass(frozen=True, slots=True)
class FootprintKind:
    """What footprints must have in common to be compared.

    model is the channels of the UNet's levels, device a type, number the bytes of one number.
    """

    model: str
    device: str
    number: int

    @classmethod
    def of(cls, unet: I2VGenXLUNet, device: torch.device) -> FootprintKind:
        """Return the kind of a stock UNet on a device."""
        channels, dtype = unet.config.block_out_channels, unet.dtype
        return cls("-".join(map(str, channels)), device.type, dtype.itemsize)


@dataclass(frozen=True, slots=True)
class Footprint:
    """The bytes that one guided clip took beside the weights of UNet and autoencoder.

    saving is the MemoryMode it was made in.
    """

    kind: FootprintKind
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
    """Read the table; it is empty where there is no file."""
    if not file.is_file():
        return ()
    rows = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Footprint(**{**row, "kind": FootprintKind(**row["kind"])}) for row in rows)


def save(rows: Iterable[Footprint], file: Path = FILE) -> None:
    """Add rows to the table, in place of those measured for the same clip before."""
    known = {_key(row): row for row in (*load(file), *rows)}
    lines = [json.dumps(asdict(known[key])) for key in sorted(known)]
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def working_bytes(
    rows: Sequence[Footprint], kind: FootprintKind, saving: str, pixels: int
) -> float | None:
    """Return the bytes that a clip of so many pixels takes, or None where none was measured.

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

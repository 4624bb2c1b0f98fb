"""Memory: what a clip needs before it runs, and what has to be given up so that it fits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch
from torch import nn

from gpu_worker.models.i2vgen_xl.memory import footprints
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, Kind

GIB = 2**30


class Saving(StrEnum):
    """How a clip may be made, from the fastest to the one that needs least."""

    NONE = "none"
    SLICES = "slices"
    HALVES = "halves"
    EIGHT_BIT = "eight_bit"


CALCULATED: dict[Saving, float] = {
    Saving.NONE: 680.0,
    Saving.SLICES: 440.0,
    Saving.HALVES: 240.0,
    Saving.EIGHT_BIT: 240.0,
}
"""Working bytes for each pixel of each frame at full size in half precision.

Only where the benchmark has measured nothing: computed from the layers' shapes.
"""

MARGIN = 1.1
"""How much more than measured is set aside: no two runs lie in memory alike."""

RESERVE = 0.6 * GIB
"""What a device's own library and its fragments take."""

HOST_RESERVE = 32 * 2**20
"""What a host's C library keeps for itself, more or less of it in every run."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The bytes of the weights that last through a clip, and of the encoders, which leave."""

    lasting: float
    encoders: float = 0.0


@dataclass(frozen=True, slots=True)
class Need:
    """What a clip needs in bytes: for weights, for work, and for what surrounds them."""

    weights: float
    work: float
    reserve: float = RESERVE

    @property
    def total(self) -> float:
        """Return all of it."""
        return self.weights + self.work + self.reserve


@dataclass(frozen=True)
class Estimator:
    """Estimates for one checkpoint on one device, measured where there are rows for them."""

    kind: Kind
    weights: Weights
    rows: Sequence[Footprint] = ()

    def measured(self, saving: Saving = Saving.NONE) -> bool:
        """Tell whether the benchmark has measured this kind of model and device."""
        return footprints.work(self.rows, self.kind, saving, 1) is not None

    def need(self, pixels: int, saving: Saving, guided: bool = True) -> Need:
        """Estimate a clip's need; pixels are width x height x frames."""
        kept = self.weights.lasting * (0.52 if saving is Saving.EIGHT_BIT else 1.0)
        reserve = HOST_RESERVE if self.kind.device == "cpu" else RESERVE
        found = footprints.work(self.rows, self.kind, saving, pixels)
        if found is not None:
            return Need(kept, found * MARGIN, reserve)
        halves = 1.0 if guided or saving in (Saving.HALVES, Saving.EIGHT_BIT) else 0.55
        wide = self.kind.number / 2
        running = CALCULATED[saving] * pixels * halves * wide
        # The encoders are there first and leave before the work begins.
        return Need(kept, max(running, self.weights.encoders), reserve)

    def choose(self, pixels: int, guided: bool, room: float) -> Saving | None:
        """Return the mildest saving that fits into room bytes, or None where none does."""
        for saving in Saving:
            if self.need(pixels, saving, guided).total <= room:
                return saving
        return None


def weigh(modules: Iterable[nn.Module]) -> int:
    """Return the bytes of modules' weights."""
    return sum(
        parameter.numel() * parameter.element_size()
        for module in modules
        for parameter in module.parameters()
    )


def room(device: torch.device, lasting: float) -> float | None:
    """Return the bytes that weights and work may take on a device; None where nobody says.

    lasting is what of the weights lies on a host already.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return float(free + torch.cuda.memory_reserved(device))
    free_on_host = host_room()
    return None if free_on_host is None else free_on_host + lasting


def host_room(system: Path = Path("/")) -> float | None:
    """Return the bytes that a host still has for this process: the machine's, or its group's."""
    limits = [_machine(system / "proc/meminfo"), _group(system / "sys/fs/cgroup")]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else None


def _machine(file: Path) -> float | None:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return float(found[0]) * 1024 if found else None


def _group(folder: Path) -> float | None:
    """Return what a control group leaves, counting the pages that it would give up."""
    try:
        limit = (folder / "memory.max").read_text(encoding="utf-8").strip()
        used = float((folder / "memory.current").read_text(encoding="utf-8"))
        stat = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    if limit == "max":
        return None
    cached = next((float(line.split()[1]) for line in stat if line.startswith("inactive_file ")), 0)
    return float(limit) - used + cached

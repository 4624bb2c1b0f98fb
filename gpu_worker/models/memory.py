"""Memory: what a clip needs before it runs, and what has to be given up so that it fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import nn

GIB = 2**30


class Saving(StrEnum):
    """How a clip may be made, from the fastest to the one that needs least."""

    NONE = "none"
    SLICES = "slices"
    HALVES = "halves"
    EIGHT_BIT = "eight_bit"


BYTES_PER_PIXEL: dict[Saving, float] = {
    Saving.NONE: 680.0,
    Saving.SLICES: 440.0,
    Saving.HALVES: 240.0,
    Saving.EIGHT_BIT: 240.0,
}
"""Working memory for each pixel of each frame at full size in half precision.

Computed from the layers' shapes at 512x512x16 and 768x768x24; `gpu_worker.bench` measures it on
a GPU and prints what it found beside these.
"""

RESERVE = 0.6 * GIB
"""What the device's own library and its fragments take."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a clip needs in bytes: for weights and for work."""

    weights: float
    work: float

    @property
    def total(self) -> float:
        """Return all of it, with the reserve."""
        return self.weights + self.work + RESERVE


def weigh(modules: Iterable[nn.Module]) -> int:
    """Return the bytes of modules' weights."""
    return sum(
        parameter.numel() * parameter.element_size()
        for module in modules
        for parameter in module.parameters()
    )


def need(weights: float, pixels: int, saving: Saving, guided: bool = True) -> Need:
    """Estimate a clip's need; pixels are width x height x frames."""
    halves = 1.0 if guided or saving in (Saving.HALVES, Saving.EIGHT_BIT) else 0.55
    kept = weights * (0.52 if saving is Saving.EIGHT_BIT else 1.0)
    return Need(kept, BYTES_PER_PIXEL[saving] * pixels * halves)


def choose(weights: float, pixels: int, guided: bool, room: float) -> Saving | None:
    """Return the mildest saving that fits into room bytes, or None where none does."""
    for saving in Saving:
        if need(weights, pixels, saving, guided).total <= room:
            return saving
    return None


def room(device: torch.device) -> float | None:
    """Return the bytes that this process may use on a device; None where nobody says."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    return float(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))

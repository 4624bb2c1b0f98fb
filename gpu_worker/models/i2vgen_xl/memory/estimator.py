"""The memory that a clip will need, and the memory mode in which it fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import nn

from gpu_worker.models.i2vgen_xl.hardware.host_memory import available_host_bytes
from gpu_worker.models.i2vgen_xl.memory import footprints
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, FootprintKind

GIB = 2**30


class MemoryMode(StrEnum):
    """How a clip may be made, from the fastest to the one that needs the least memory."""

    NONE = "none"
    SLICES = "slices"
    HALVES = "halves"
    EIGHT_BIT = "eight_bit"


CALCULATED: dict[MemoryMode, float] = {
    MemoryMode.NONE: 680.0,
    MemoryMode.SLICES: 440.0,
    MemoryMode.HALVES: 240.0,
    MemoryMode.EIGHT_BIT: 240.0,
}
"""Working bytes for each pixel of each frame at full size in half precision.

Only where the benchmark has measured nothing: computed from the layers' shapes.
"""

MARGIN = 1.1
"""How much more than measured is set aside, since allocators fragment differently in each run."""

RESERVE = 0.6 * GIB
"""What a device's own library and its fragments take."""

HOST_RESERVE = 32 * 2**20
"""What a host's C library keeps for itself, more or less of it in every run."""


@dataclass(frozen=True)
class MemoryEstimator:
    """Estimates for one checkpoint on one device, measured where there are rows for them.

    weights are the bytes of those that last through a clip. The encoders do not count: they leave
    before the work begins, and run on the host where a device does not hold them.
    """

    kind: FootprintKind
    weights: float
    rows: Sequence[Footprint] = ()

    def is_measured(self) -> bool:
        """Tell whether the benchmark has measured this kind of model and device."""
        return footprints.working_bytes(self.rows, self.kind, MemoryMode.NONE, 1) is not None

    def need(self, pixels: int, mode: MemoryMode, guided: bool = True) -> float:
        """Estimate the bytes of a clip's weights and work, of libraries and fragments.

        pixels are width x height x frames.
        """
        kept = self.weights * (0.52 if mode is MemoryMode.EIGHT_BIT else 1.0)
        reserve = HOST_RESERVE if self.kind.device == "cpu" else RESERVE
        measured = footprints.working_bytes(self.rows, self.kind, mode, pixels)
        if measured is not None:
            return kept + measured * MARGIN + reserve
        halves = 1.0 if guided or mode in (MemoryMode.HALVES, MemoryMode.EIGHT_BIT) else 0.55
        wide = self.kind.number / 2
        running = CALCULATED[mode] * pixels * halves * wide
        return kept + running + reserve

    def choose(self, pixels: int, guided: bool, available: float) -> MemoryMode | None:
        """Return the fastest mode that fits into so many bytes, or None where none does."""
        for mode in MemoryMode:
            if self.need(pixels, mode, guided) <= available:
                return mode
        return None

    def choose_on(
        self, device: torch.device, pixels: int, guided: bool, limit_gib: float
    ) -> MemoryMode | None:
        """Return the fastest mode that fits on a device as it is now, or None where none does.

        limit_gib bounds what may be used; 0 for no limit.
        """
        available = available_bytes(device, self.weights)
        if device.type == "cpu" and not self.is_measured():
            available = None  # what was calculated holds for GPUs
        if limit_gib:
            available = min(available or math.inf, limit_gib * GIB)
        if available is None:
            return MemoryMode.NONE
        return self.choose(pixels, guided, available)


def weight_bytes(*modules: nn.Module) -> int:
    """Return the bytes of modules' weights."""
    return sum(
        parameter.numel() * parameter.element_size()
        for module in modules
        for parameter in module.parameters()
    )


def available_bytes(device: torch.device, weights: float) -> float | None:
    """Return the bytes that weights and work may take on a device; None where it is not known.

    weights are the bytes that are held already. What else is held on a device, such as a judge's
    weights, stays there.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return float(free + cached + weights)
    free_on_host = available_host_bytes()
    return None if free_on_host is None else free_on_host + weights

"""Setup: how an engine runs on one worker."""

from __future__ import annotations

from dataclasses import dataclass, field

from gpu_worker.models.i2vgen_xl.optimizations import Levers


@dataclass(frozen=True)
class Setup:
    """How an engine runs: where, in which numbers, with which savings.

    memory_gib bounds the memory of a device; 0 leaves that to the device itself. judge is the
    folder of a CLIP model that chooses among candidates; without one the other scores do. patient:
    a shape is compiled only when it comes again; then its first clip is rounded differently.
    """

    device: str = "auto"
    dtype: str = "auto"
    attention: str = "auto"
    levers: Levers = field(default_factory=Levers)
    multiple: int = 16
    memory_gib: float = 0.0
    judge: str = ""
    patient: bool = False

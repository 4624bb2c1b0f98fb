"""What a clip gives up, one step after another, when memory runs out while it is made."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum

import torch
from torch import nn

from gpu_worker.engine.api import OutOfMemory
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import release_after
from gpu_worker.models.i2vgen_xl.memory.eight_bit import quantize
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode
from gpu_worker.models.i2vgen_xl.memory.offload import OffloadedModules, offload
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from storage.domain.clip import Adjustment

SLICES = 8
"""Into how many slices the feed-forward networks cut their tokens where memory is short."""

GPU_SLICES = 4
"""The same on a GPU while there is memory enough: so many cost no time there, uncompiled."""

MIN_SIDE = 64
"""No side is made smaller than this."""


class FallbackStep(StrEnum):
    """The steps in their order; only the last two change what is computed."""

    SLICES = "slices"
    HALVES = "halves"
    OFFLOAD = "offload"
    EIGHT_BIT = "eight_bit"
    SMALLER = "smaller"


class SmallerClipNeeded(Exception):
    """Raised by the last step: the clip has to be begun again at a smaller size."""


@dataclass
class MemoryFallback:
    """The fallback of one clip.

    steps are those still left; adjustments are what the clip's result reports; split_guidance
    is whether the halves of guidance run one after the other; weights_changed is whether the
    checkpoint has to be loaded again before the next clip.
    """

    unet: UNet
    device: torch.device
    steps: list[FallbackStep] = field(default_factory=lambda: list(FallbackStep))
    adjustments: list[Adjustment] = field(default_factory=list)
    split_guidance: bool = False
    weights_changed: bool = False
    _offloaded: list[OffloadedModules] = field(default_factory=list)
    _failed: int | None = None

    def __post_init__(self) -> None:
        """Leave out what saves nothing on a CPU."""
        if self.device.type == "cpu" and FallbackStep.OFFLOAD in self.steps:
            self.steps.remove(FallbackStep.OFFLOAD)

    def recover(self, index: int, error: Exception) -> None:
        """Make denoising step `index` possible after a lack of memory; raise any other error.

        A step that fails is first taken again with nothing but caches released. Raise
        SmallerClipNeeded where no other fallback is left.
        """
        release_after(error, self.device)
        if self._failed == index:
            self.next()
        self._failed = index

    def next(self) -> None:
        """Take the next step; raise SmallerClipNeeded on the last."""
        step = self.steps.pop(0)
        match step:
            case FallbackStep.SLICES:
                self.unet.slice_feed_forward(SLICES)
            case FallbackStep.HALVES:
                self.split_guidance = True
            case FallbackStep.OFFLOAD:
                self.offload()
            case FallbackStep.EIGHT_BIT:
                self.quantize()
            case FallbackStep.SMALLER:
                raise SmallerClipNeeded
        self._adjust(step)

    def apply(self, mode: MemoryMode) -> None:
        """Give up beforehand what the estimate says will not fit; only eight bit is reported."""
        if mode is not MemoryMode.NONE:
            self.unet.slice_feed_forward(SLICES)
        if mode in (MemoryMode.HALVES, MemoryMode.EIGHT_BIT):
            self.split_guidance = True
        if mode is MemoryMode.EIGHT_BIT and not self.weights_changed:
            self.quantize()
            self._adjust(FallbackStep.EIGHT_BIT)

    def restart(self, width: int, height: int) -> None:
        """Begin again at a smaller size; what was given up stays so."""
        key = f"adjusted_{FallbackStep.SMALLER.value}"
        self.adjustments = [one for one in self.adjustments if one.key != key]
        size = (("width", str(width)), ("height", str(height)))
        self.adjustments.append(Adjustment(key, size))
        self.steps = [
            step for step in FallbackStep if step in self.steps or step is FallbackStep.SMALLER
        ]
        self._failed = None

    def offload(self) -> None:
        """Keep the UNet's layers in the host's memory and on the device only while they run."""
        self._uncompile()
        self._offloaded = offload([*self.unet.layers()], self.device)
        self.weights_changed = True

    def on_device(self, layer: nn.Module) -> AbstractContextManager[None]:
        """Keep a layer on the device for a while, where it is offloaded."""
        for modules in self._offloaded:
            if layer in modules.modules:
                return modules.on_device()
        return nullcontext()

    def quantize(self) -> None:
        """Keep the UNet's weights as int8."""
        self._uncompile()
        quantize(self.unet)
        for modules in self._offloaded:
            modules.refresh()
        self.weights_changed = True

    def _uncompile(self) -> None:
        """Run layers uncompiled from now on: nothing is compiled for weights that do not last."""
        for module in self.unet.modules():
            module._compiled_call_impl = None

    def _adjust(self, step: FallbackStep) -> None:
        self.adjustments.append(Adjustment(f"adjusted_{step.value}"))


def default_slices(device: torch.device, *, compiled: bool) -> int:
    """Return into how many slices tokens are cut as long as memory is not short.

    Compiled code would clone the tokens for each slice and scatter its result.
    """
    return GPU_SLICES if device.type == "cuda" and not compiled else 1


def smaller_size(width: int, height: int, multiple: int) -> tuple[int, int]:
    """Return three quarters of a size, in multiples; raise OutOfMemory below the least side."""
    smaller = tuple(
        min(side - multiple, round(side * 0.75 / multiple) * multiple) for side in (width, height)
    )
    if min(smaller) < MIN_SIDE:
        raise OutOfMemory
    return smaller[0], smaller[1]

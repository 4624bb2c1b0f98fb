"""What a pipeline's clip gives up, one step after another, when memory runs out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import torch

from gpu_worker.models.diffusers_pipeline.layer_offload import LayerOffload, weight_bytes
from gpu_worker.models.i2vgen_xl.hardware.device_facts import DeviceFacts
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import release_after
from storage.domain.clip import Adjustment

SHARE = 0.8
"""Of a device's memory, what weights may take that stay there: clips need the rest."""


class MemoryStep(StrEnum):
    """The steps in their order, by the name of their message."""

    TILING = "tiling"
    OFFLOAD = "offload"
    LAYERS = "layers"


@dataclass
class MemoryLadder:
    """Where one pipeline's weights are, and what a clip has given up.

    offloads tells whether the weights are too large to stay on the device: each component is there
    only while it runs. The steps after that are a clip's own, and undone after it.
    """

    pipeline: Any
    device: torch.device
    offloads: bool = False
    adjustments: list[Adjustment] = field(default_factory=list)
    _left: list[MemoryStep] = field(default_factory=list)
    _layers: LayerOffload | None = None

    @classmethod
    def for_device(cls, pipeline: Any, device: torch.device, memory_gib: float) -> MemoryLadder:
        """Bring a pipeline to a device, whole where it fits; 0 GiB: all that the device has."""
        if device.type == "cpu":
            return cls(pipeline, device)
        whole = DeviceFacts.of(device).memory
        limit = min(whole, memory_gib * 2**30) if memory_gib else whole
        ladder = cls(pipeline, device, weight_bytes(pipeline) > SHARE * limit)
        ladder._place()
        return ladder

    def begin(self) -> None:
        """Begin a clip, which has given up nothing yet."""
        self.adjustments = []
        self._left = [MemoryStep.TILING] if hasattr(self.pipeline.vae, "enable_tiling") else []
        if self.device.type == "cuda":
            self._left += [MemoryStep.LAYERS] if self.offloads else [*MemoryStep][1:]

    def next(self) -> bool:
        """Give up the next thing; tell whether there was one.

        One that memory does not suffice for raises what the library does, and is not tried again.
        """
        if not self._left:
            return False
        step = self._left.pop(0)
        note = Adjustment("adjusted_tiling" if step is MemoryStep.TILING else "adjusted_offload")
        if note not in self.adjustments:
            self.adjustments.append(note)  # before it is done: a part of it is taken back too
        match step:
            case MemoryStep.TILING:
                self._set_tiling(True)
            case MemoryStep.OFFLOAD:
                self.pipeline.enable_model_cpu_offload(device=self.device)
            case MemoryStep.LAYERS:
                self.pipeline.remove_all_hooks()
                self._layers = LayerOffload(self.pipeline, self.device)
                self._layers.start()
        return True

    def end(self) -> None:
        """Take back what the clip gave up, for the next one.

        Where the device has no room for the weights any more, they are offloaded from now on.
        """
        if Adjustment("adjusted_tiling") in self.adjustments:
            self._set_tiling(False)
        if Adjustment("adjusted_offload") in self.adjustments:
            if self._layers is not None:
                self._layers.remove()
                self._layers = None
            self.pipeline.remove_all_hooks()
            self._place_again()
        self.pipeline.maybe_free_model_hooks()

    def _place(self) -> None:
        if self.offloads:
            self.pipeline.enable_model_cpu_offload(device=self.device)
        else:
            self.pipeline.to(self.device)

    def _place_again(self) -> None:
        try:
            self._place()
        except (RuntimeError, MemoryError) as error:
            release_after(error, self.device)
            self.offloads = True
            self.pipeline.to("cpu")  # some of the weights may have been brought already
            self._place()

    def _set_tiling(self, on: bool) -> None:
        """Let the autoencoder work on one clip and one tile at a time, where it can."""
        for name in ("tiling", "slicing"):
            switch = getattr(self.pipeline.vae, f"{'enable' if on else 'disable'}_{name}", None)
            if switch is not None:
                switch()

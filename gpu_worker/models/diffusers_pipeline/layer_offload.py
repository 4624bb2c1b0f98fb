"""A pipeline whose weights wait on the host, each layer's until it runs.

diffusers brings the next layer's weights on a stream of their own while one computes, where the
device has streams.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers.hooks import HookRegistry
from torch import nn

from gpu_worker.models.i2vgen_xl.hardware.host_memory import may_lock
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import release_after

HOOKS = ("group_offloading", "layer_execution_tracker", "lazy_prefetch_group_offloading")
"""What diffusers hangs on each layer for it, by its own names."""


class LayerOffload:
    """Weights that are on the device only for the layer that runs and, on a GPU, the next one.

    The host's pages are locked for all weights at once where it has the memory; else for those of
    one layer at a time.
    """

    def __init__(self, pipeline: Any, device: torch.device) -> None:
        """Take a pipeline without any hooks."""
        self._pipeline = pipeline
        self._device = device

    def start(self) -> None:
        """Offload the weights; raise what the library does for want of memory."""
        if not may_lock(weight_bytes(self._pipeline)):
            self._offload(sparing=True)
            return
        try:
            self._offload(sparing=False)
        except (RuntimeError, MemoryError) as error:
            release_after(error, self._device)
            self.remove()
            self._offload(sparing=True)

    def _offload(self, *, sparing: bool) -> None:
        streams = self._device.type == "cuda"
        self._pipeline.enable_group_offload(
            self._device,
            offload_type="leaf_level",
            non_blocking=streams,
            use_stream=streams,
            record_stream=streams,
            low_cpu_mem_usage=sparing,
        )

    def remove(self) -> None:
        """Take the hooks away; the weights stay where they are, nearly all on the host."""
        for part in _modules(self._pipeline):
            registry = HookRegistry.check_if_exists_or_initialize(part)
            for name in HOOKS:
                registry.remove_hook(name, recurse=True)


def weight_bytes(pipeline: Any) -> int:
    """Return how many bytes a pipeline's weights take."""
    weights = (one for part in _modules(pipeline) for one in part.parameters())
    return sum(one.numel() * one.element_size() for one in weights)


def _modules(pipeline: Any) -> list[nn.Module]:
    return [part for part in pipeline.components.values() if isinstance(part, nn.Module)]

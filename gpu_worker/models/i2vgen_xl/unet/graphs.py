"""Graphs: a forward pass recorded once as a CUDA graph and replayed on every later step."""

from __future__ import annotations

import logging
from typing import Any, cast

import torch
from torch import Tensor

from gpu_worker.models.i2vgen_xl.memory.out_of_memory import lacks_memory
from gpu_worker.models.i2vgen_xl.unet.layers import Memory
from gpu_worker.models.i2vgen_xl.unet.unet import UNet

LOG = logging.getLogger(__name__)


class Recorded:
    """One recorded pass with the buffers that it reads from and writes to."""

    def __init__(self, unet: UNet, sample: Tensor, row: Tensor, given: tuple[Any, ...]) -> None:
        """Warm up on a side stream, as CUDA asks for, then record."""
        self.sample, self.row = sample.clone(), row.clone()
        features, memories = given
        stream: torch.cuda.Stream = cast(Any, torch.cuda).Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(2):
                unet(self.sample, features, self.row, memories)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        # A preview may be fetched in its own thread meanwhile, which is no business of this one.
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.result: Tensor = unet(self.sample, features, self.row, memories)

    def replay(self, sample: Tensor, row: Tensor) -> Tensor:
        """Run the recorded pass on another sample and row."""
        self.sample.copy_(sample)
        self.row.copy_(row)
        self.graph.replay()
        return self.result.clone()


class Graphs:
    """The recorded passes of one clip: one with guidance, one without, one for each half."""

    def __init__(self, unet: UNet) -> None:
        """Start with none."""
        self.unet = unet
        self.known: dict[tuple[int, ...], Recorded | None] = {}

    def __call__(
        self, sample: Tensor, features: Tensor, row: Tensor, memories: tuple[Memory, ...]
    ) -> Tensor:
        """Replay the pass for these memories, after recording it the first time.

        A pass that cannot be recorded is run as it is; a lack of memory is raised.
        """
        key = (memories[0][0].data_ptr(), memories[0][0].shape[0], *sample.shape)
        if key not in self.known:
            self.known[key] = self._record(sample, row, (features, memories))
        recorded = self.known[key]
        if recorded is None:
            return cast(Tensor, self.unet(sample, features, row, memories))
        return recorded.replay(sample, row)

    def _record(self, sample: Tensor, row: Tensor, given: tuple[Any, ...]) -> Recorded | None:
        try:
            return Recorded(self.unet, sample, row, given)
        except RuntimeError as error:
            if lacks_memory(error):
                raise
            LOG.warning("this pass cannot be a CUDA graph: %s", error)
            return None

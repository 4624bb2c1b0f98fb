"""What is given up on a GPU works together, in whatever order memory asks for it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from gpu_worker.models.i2vgen_xl.memory.eight_bit import quantize
from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.memory.offload import offload

from .conftest import engine_of

ELSEWHERE = torch.device("meta")
"""Stands for a GPU: a device that takes no tensors of the host."""


@torch.inference_mode()
def test_layers_that_wait_on_the_host_may_become_bytes() -> None:
    layer = nn.Linear(64, 128)
    waiting = offload([layer], ELSEWHERE)
    quantize(layer)
    for guests in waiting:
        guests.refresh()
    assert layer(torch.ones(2, 64, device=ELSEWHERE)).device == ELSEWHERE
    assert {tensor.device.type for tensor in layer.state_dict().values()} == {"cpu"}


def test_nothing_is_compiled_for_weights_that_go_again(stock_like: Path) -> None:
    unet = engine_of(stock_like).pipeline.unet
    for layer in unet.layers():
        layer.compile(backend="eager")
    MemoryFallback(unet, torch.device("cpu")).quantize()
    assert all(layer._compiled_call_impl is None for layer in unet.layers())

"""Offload: layers that wait in the host's memory and visit the device only to run."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def offload(layers: list[nn.Module], device: torch.device) -> None:
    """Move layers to the host; each comes to the device before it runs and leaves after."""
    host = torch.device("cpu")

    def come(module: nn.Module, _inputs: Any) -> None:
        module.to(device, non_blocking=True)

    def leave(module: nn.Module, _inputs: Any, _output: Any) -> None:
        module.to(host)

    for layer in layers:
        layer.to(host)
        layer.register_forward_pre_hook(come)
        layer.register_forward_hook(leave)

"""Eight bit: weights kept as bytes with a scale for each output, widened where they are used."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

SMALLEST = 4096
"""Weights with fewer elements are left alone; they save nothing."""


class Widened(nn.Module):
    """Turns bytes and their scales into the weight that they stand for."""

    def __init__(self, dtype: torch.dtype) -> None:
        """Remember in which numbers the weight is used."""
        super().__init__()
        self.dtype = dtype

    def forward(self, stored: Tensor, scale: Tensor) -> Tensor:
        """Widen the stored bytes."""
        return stored.to(self.dtype) * scale

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Round a weight to bytes; the largest element of each output becomes 127."""
        wide = weight.float()
        peaks = wide.abs().amax(dim=tuple(range(1, weight.dim())), keepdim=True)
        scale = (peaks / 127.0).clamp_min(1e-8)
        return (wide / scale).round().to(torch.int8), scale.to(self.dtype)


def shrink(model: nn.Module) -> None:
    """Keep the large weights of a model's linear and plane convolutions as bytes."""
    for module in list(model.modules()):
        if not isinstance(module, (nn.Linear, nn.Conv2d)) or parametrize.is_parametrized(module):
            continue
        if module.weight.numel() >= SMALLEST:
            parametrize.register_parametrization(
                module, "weight", Widened(module.weight.dtype), unsafe=True
            )

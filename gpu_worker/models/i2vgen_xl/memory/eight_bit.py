"""Weights kept as int8 with a scale for each output channel, dequantized where they are used."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

MIN_ELEMENTS = 4096
"""Weights with fewer elements are left alone; they save nothing."""


class Int8Weight(nn.Module):
    """A parametrization that stores a weight (o, ...) as int8 and scales (o, 1, ...)."""

    def __init__(self, dtype: torch.dtype) -> None:
        """Take the number format that the weight is used in."""
        super().__init__()
        self.dtype = dtype

    def forward(self, stored: Tensor, scale: Tensor) -> Tensor:
        """Dequantize."""
        return stored.to(self.dtype) * scale

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Quantize a weight; the largest element of each output channel becomes 127."""
        wide = weight.float()
        peaks = wide.abs().amax(dim=tuple(range(1, weight.dim())), keepdim=True)
        scale = (peaks / 127.0).clamp_min(1e-8)
        return (wide / scale).round().to(torch.int8), scale.to(self.dtype)


def quantize(model: nn.Module) -> None:
    """Store the large weights of a model's linear layers and plane convolutions as int8."""
    for module in list(model.modules()):
        if not isinstance(module, (nn.Linear, nn.Conv2d)) or parametrize.is_parametrized(module):
            continue
        if module.weight.numel() >= MIN_ELEMENTS:
            parametrize.register_parametrization(
                module, "weight", Int8Weight(module.weight.dtype), unsafe=True
            )

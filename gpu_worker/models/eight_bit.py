"""Eight bit: weights kept as bytes with a scale for each output, widened where they are used."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

SMALLEST = 4096
"""Weights with fewer elements are left alone; they save nothing."""


class Widened(nn.Module):
    """Turns a byte weight into the weight that it stands for."""

    def __init__(self, weight: Tensor) -> None:
        """Take the scales from the weight: its largest element is 127 in each output."""
        super().__init__()
        self.dtype = weight.dtype
        peaks = weight.detach().float().abs().amax(dim=tuple(range(1, weight.dim())), keepdim=True)
        self.register_buffer("scale", (peaks / 127.0).clamp_min(1e-12))

    def forward(self, stored: Tensor) -> Tensor:
        """Widen the stored bytes."""
        return stored.to(self.dtype) * self.get_buffer("scale").to(self.dtype)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Round a weight to bytes."""
        return (weight.float() / self.get_buffer("scale")).round().to(torch.int8)


def shrink(model: nn.Module) -> None:
    """Keep the large weights of a model's linear and plane convolutions as bytes."""
    for module in list(model.modules()):
        if not isinstance(module, (nn.Linear, nn.Conv2d)) or parametrize.is_parametrized(module):
            continue
        if module.weight.numel() >= SMALLEST:
            parametrize.register_parametrization(
                module, "weight", Widened(module.weight), unsafe=True
            )

"""Gate: the first half of a feed-forward network, with its activation inside the matrix product."""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.attention import FeedForward
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.optimizations import Levers


class Gated(nn.Module):
    """A feed-forward network whose gate is fused into its matrix products on a processor."""

    def __init__(self, block: FeedForward, levers: Levers) -> None:
        """Share the network's layers."""
        super().__init__()
        self.block = block
        self.fused = levers.fused_gate and bool(cast(Any, torch.backends.mkldnn).is_available())

    def forward(self, tokens: Tensor) -> Tensor:
        """Run the network on tokens (n, t, c)."""
        net = cast(Any, self.block).net
        if not self.fused or tokens.is_cuda or tokens.dtype != torch.float32:
            return cast(Tensor, self.block(tokens))
        projection: nn.Linear = net[0].proj
        half = projection.out_features // 2
        weight, bias = projection.weight, projection.bias
        product = torch.ops.mkldnn._linear_pointwise
        opened = product(tokens, weight[half:], bias[half:], "gelu", [], "none")
        gated = product.binary(tokens, opened, weight[:half], bias[:half], "mul")
        return cast(Tensor, net[2](gated))

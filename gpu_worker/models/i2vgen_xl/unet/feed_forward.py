"""The normalised feed-forward network of a transformer block, fused and run in slices."""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.optimizations import Optimizations


class GatedFeedForward(nn.Module):
    """Layer norm and feed-forward of diffusers' block, whose gate is fused in on a CPU.

    slices is into how many pieces tokens are cut, so that less is in memory at a time.
    """

    def __init__(self, block: BasicTransformerBlock, optimizations: Optimizations) -> None:
        """Share the block's layers."""
        super().__init__()
        self.norm = block.norm3
        self.network = block.ff
        mkldnn = bool(cast(Any, torch.backends.mkldnn).is_available())
        self.fused = optimizations.fused_gate and mkldnn
        self.slices = 1

    def forward(self, tokens: Tensor) -> Tensor:
        """Add the network's output to tokens (n, t, c); in slices, in place."""
        if self.slices <= 1:
            return self._network(self.norm(tokens)).add_(tokens)
        # Tokens do not depend on each other, so that each slice can be replaced by its result.
        for part in tokens.view(1, -1, tokens.shape[-1]).chunk(self.slices, dim=1):
            part.add_(self._network(self.norm(part)))
        return tokens

    def _network(self, tokens: Tensor) -> Tensor:
        """Run diffusers' FeedForward (GEGLU) on tokens (n, t, c)."""
        if not self.fused or tokens.is_cuda or tokens.dtype != torch.float32:
            return cast(Tensor, self.network(tokens))
        net = self.network.net
        projection: nn.Linear = net[0].proj
        half = projection.out_features // 2
        weight, bias = projection.weight, projection.bias
        linear = torch.ops.mkldnn._linear_pointwise
        gate = linear(tokens, weight[half:], bias[half:], "gelu", [], "none")
        gated = linear.binary(tokens, gate, weight[:half], bias[:half], "mul")
        return cast(Tensor, net[2](gated))

"""Trainable low-rank changes of a network's weights, and their file in diffusers' names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize

LAYERS = (nn.Linear, nn.Conv2d, nn.Conv3d)
BLOCKS = ("down_blocks.", "mid_block.", "up_blocks.", "conv_out")


class LowRankChange(nn.Module):
    """Adds the product of two small matrices to a weight (o, i, ...); nothing at first."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        """Draw the one that meets the input; the other is zero."""
        super().__init__()
        width = weight[0].numel()
        self.down = nn.Parameter(torch.randn(rank, width) / width**0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the changed weight."""
        return weight + (self.up @ self.down).view(weight.shape)


def add_changes(model: nn.Module, rank: int) -> list[nn.Parameter]:
    """Freeze a UNet, and let the weights of its blocks be changed; return what is trained."""
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, LAYERS) and name.startswith(BLOCKS):
            change = LowRankChange(cast(Any, module).weight, rank)
            parametrize.register_parametrization(module, "weight", change)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def save(model: nn.Module, file: Path) -> None:
    """Write the changes as an adapter."""
    tensors: dict[str, Tensor] = {}
    for name, weight, change in _changes(model):
        ones = [1] * (weight.dim() - 2)
        down = change.down.detach().view(-1, *weight.shape[1:])
        up = change.up.detach().view(*change.up.shape, *ones)
        tensors[f"unet.{name}.lora_A.weight"] = down.half().contiguous()
        tensors[f"unet.{name}.lora_B.weight"] = up.half().contiguous()
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)


def _changes(model: nn.Module) -> Iterator[tuple[str, Tensor, LowRankChange]]:
    for name, module in model.named_modules():
        if parametrize.is_parametrized(module, "weight"):
            [change] = cast(Any, module).parametrizations.weight
            yield name, cast(Tensor, module.weight), change

"""Group normalisation that is as exact on channels-last maps as on contiguous ones.

PyTorch's kernel for channels-last maps on a CPU adds up squares one after the other in single
precision, which costs a digit. Here they are added up in a tree and finished in double precision.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


def group_norm(norm: nn.GroupNorm, maps: Tensor) -> Tensor:
    """Normalise maps (n, c, h, w); always a new tensor of the same memory order."""
    channels_last = (
        maps.is_contiguous(memory_format=torch.channels_last) and not maps.is_contiguous()
    )
    if maps.device.type != "cpu" or maps.dtype is not torch.float32 or not channels_last:
        return cast(Tensor, norm(maps))
    scale, shift = _scale_and_shift(norm, maps)
    return torch.addcmul(shift, maps, scale)


def group_norm_silu(norm: nn.GroupNorm, maps: Tensor) -> Tensor:
    """Normalise maps (n, c, h, w) and apply SiLU; always a new tensor."""
    return functional.silu(group_norm(norm, maps), inplace=True)


def _scale_and_shift(norm: nn.GroupNorm, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Return by what each channel is multiplied and what is added to it, both (n, c, 1, 1)."""
    count, channels, height, width = maps.shape
    tokens = maps.permute(0, 2, 3, 1).reshape(count, height * width, channels)
    sums = torch.stack([tokens.sum(1), tokens.square().sum(1)]).double()
    mean, square = sums.view(2, count, norm.num_groups, -1).mean(-1, keepdim=True).unbind()
    mean, square = mean / (height * width), square / (height * width)
    weight, bias = (part.double().view(norm.num_groups, -1) for part in (norm.weight, norm.bias))
    scale = (square - mean.square() + norm.eps).rsqrt() * weight
    shift = bias - mean * scale
    sizes = (count, channels, 1, 1)
    return scale.to(maps.dtype).view(sizes), shift.to(maps.dtype).view(sizes)

"""Blocks: the convolutional parts of the UNet, run over diffusers' modules with less work."""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D, TemporalConvLayer
from torch import Tensor, nn
from torch.nn import functional

from gpu_worker.models.i2vgen_xl.optimizations import Levers
from gpu_worker.models.i2vgen_xl.unet.group_norm import activated
from gpu_worker.models.i2vgen_xl.unet.layout import Layout
from gpu_worker.models.i2vgen_xl.unet.upsampling import Doubling


class Residual(nn.Module):
    """A residual block whose time embedding comes as a ready row, added within the bias."""

    def __init__(self, block: ResnetBlock2D, levers: Levers) -> None:
        """Share the block's parameters."""
        super().__init__()
        self.block = cast(Any, block)
        self.divide = not levers.no_division and block.output_scale_factor

    def project(self, embedding: Tensor) -> Tensor:
        """Project time embeddings (rows, e) to rows (rows, c) for this block."""
        return cast(Tensor, self.block.time_emb_proj(functional.silu(embedding)))

    def forward(self, maps: Tensor, row: Tensor) -> Tensor:
        """Run the block; row is (c) or, one for each frame, (b*f, c)."""
        block = self.block
        hidden = activated(block.norm1, maps)
        if row.dim() == 1:
            bias = block.conv1.bias + row
            hidden = functional.conv2d(hidden, block.conv1.weight, bias, padding=1)
        else:
            hidden = block.conv1(hidden) + row[:, :, None, None]
        hidden = block.conv2(activated(block.norm2, hidden))
        if block.conv_shortcut is not None:
            maps = block.conv_shortcut(maps)
        hidden = cast(Tensor, hidden.add_(maps))
        return hidden / self.divide if self.divide else hidden


class TemporalConvolution(nn.Module):
    """Four convolutions over time, each as a plane convolution over (frames, pixels)."""

    def __init__(self, block: TemporalConvLayer, levers: Levers) -> None:
        """Share the layer's parameters; flat, the kernels (3, 1, 1) become (3, 1)."""
        super().__init__()
        stages = (block.conv1, block.conv2, block.conv3, block.conv4)
        self.flat = levers.conv2d
        self.norms = nn.ModuleList([stage[0] for stage in stages])
        self.convolutions = nn.ModuleList(
            [flattened(cast(nn.Conv3d, s[-1])) if self.flat else s[-1] for s in stages]
        )

    def forward(self, maps: Tensor, layout: Layout) -> Tensor:
        """Add what the four convolutions find; maps keep their shape (b*f, c, h, w)."""
        height, width = maps.shape[-2:]
        volume = hidden = layout.volume(maps)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            hidden = activated(cast(nn.GroupNorm, norm), hidden)
            if not self.flat:
                hidden = hidden.view(*hidden.shape[:-1], height, width)
            hidden = convolution(hidden)
            if not self.flat:
                hidden = hidden.flatten(-2)
        return layout.from_volume(hidden + volume, height, width)


def flattened(convolution: nn.Conv3d) -> nn.Conv2d:
    """Move the convolution (3, 1, 1) into one of (3, 1) over frames and pixels.

    The old one is left without its weight, which would otherwise be kept in two memory orders.
    """
    with torch.device("meta"):
        flat = nn.Conv2d(convolution.in_channels, convolution.out_channels, (3, 1), padding=(1, 0))
    flat.weight = nn.Parameter(convolution.weight.detach().squeeze(-1), requires_grad=False)
    flat.bias = convolution.bias
    cast(Any, convolution).weight = None
    return flat


def downsample(block: Downsample2D, maps: Tensor) -> Tensor:
    """Halve the size with the block's own convolution."""
    return cast(Tensor, cast(Any, block).conv(maps))


def upsample(block: nn.Module, maps: Tensor, size: torch.Size) -> Tensor:
    """Grow to the size of the features that are joined next, then convolve."""
    if isinstance(block, Doubling):
        return cast(Tensor, block(maps, size))
    grown = functional.interpolate(maps, size=tuple(size), mode="nearest")
    return cast(Tensor, cast(Any, block).conv(grown))

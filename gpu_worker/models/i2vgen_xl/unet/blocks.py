"""The convolutional blocks of the UNet, run over diffusers' modules."""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D, TemporalConvLayer
from torch import Tensor, nn
from torch.nn import functional

from gpu_worker.models.i2vgen_xl.unet.group_norm import group_norm_silu
from gpu_worker.models.i2vgen_xl.unet.layout import Layout


class ResidualBlock(nn.Module):
    """A residual block whose projected time embedding is added within the bias."""

    def __init__(self, block: ResnetBlock2D) -> None:
        """Share the block's parameters; its output is divided by one in every checkpoint."""
        super().__init__()
        self.block = block

    def project_time(self, embedding: Tensor) -> Tensor:
        """Project time embeddings (n, e) to (n, c) for this block."""
        return cast(Tensor, self.block.time_emb_proj(functional.silu(embedding)))

    def forward(self, maps: Tensor, time: Tensor) -> Tensor:
        """Run on maps (b*f, c, h, w); time is projected (c)."""
        block = self.block
        hidden = group_norm_silu(block.norm1, maps)
        bias = block.conv1.bias + time
        hidden = functional.conv2d(hidden, block.conv1.weight, bias, padding=1)
        hidden = block.conv2(group_norm_silu(block.norm2, hidden))
        if block.conv_shortcut is not None:
            maps = block.conv_shortcut(maps)
        return cast(Tensor, hidden.add_(maps))


class TemporalConvolution(nn.Module):
    """Four convolutions over time, each as a plane convolution over (frames, pixels)."""

    def __init__(self, layer: TemporalConvLayer) -> None:
        """Share the layer's parameters; the kernels (3, 1, 1) become (3, 1)."""
        super().__init__()
        stages = (layer.conv1, layer.conv2, layer.conv3, layer.conv4)
        self.norms = nn.ModuleList([stage[0] for stage in stages])
        self.convolutions = nn.ModuleList([plane_convolution(stage[-1]) for stage in stages])

    def forward(self, maps: Tensor, layout: Layout) -> Tensor:
        """Add the convolutions' result to maps (b*f, c, h, w)."""
        height, width = maps.shape[-2:]
        volume = hidden = layout.volume(maps)  # (b, c, f, h*w)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            hidden = group_norm_silu(cast(nn.GroupNorm, norm), hidden)
            hidden = convolution(hidden)
        return layout.from_volume(hidden + volume, height, width)


def plane_convolution(convolution: nn.Conv3d) -> nn.Conv2d:
    """Move a convolution (3, 1, 1) into one of (3, 1) over frames and pixels.

    The old one is left without its weight, which would otherwise be kept in two memory orders.
    """
    with torch.device("meta"):
        plane = nn.Conv2d(convolution.in_channels, convolution.out_channels, (3, 1), padding=(1, 0))
    plane.weight = nn.Parameter(convolution.weight.detach().squeeze(-1), requires_grad=False)
    plane.bias = convolution.bias
    cast(Any, convolution).weight = None
    return plane


def downsample(block: Downsample2D, maps: Tensor) -> Tensor:
    """Halve the size of maps (b*f, c, h, w) with the block's own convolution."""
    return cast(Tensor, block.conv(maps))

"""The convolutional blocks of the UNet, run over diffusers' modules."""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D, TemporalConvLayer
from torch import Tensor, nn
from torch.nn import functional

from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.group_norm import group_norm_silu
from gpu_worker.models.i2vgen_xl.unet.layout import Layout
from gpu_worker.models.i2vgen_xl.unet.upsampling import FusedUpsample2D


class ResidualBlock(nn.Module):
    """A residual block whose projected time embedding is added within the bias."""

    def __init__(self, block: ResnetBlock2D, optimizations: Optimizations) -> None:
        """Share the block's parameters."""
        super().__init__()
        self.block = block
        self.divisor = not optimizations.no_division and block.output_scale_factor

    def project_time(self, embedding: Tensor) -> Tensor:
        """Project time embeddings (n, e) to (n, c) for this block."""
        return cast(Tensor, self.block.time_emb_proj(functional.silu(embedding)))

    def forward(self, maps: Tensor, time: Tensor) -> Tensor:
        """Run on maps (b*f, c, h, w); time is projected: (c) or, for each frame, (b*f, c)."""
        block = self.block
        hidden = group_norm_silu(block.norm1, maps)
        if time.dim() == 1:
            bias = block.conv1.bias + time
            hidden = functional.conv2d(hidden, block.conv1.weight, bias, padding=1)
        else:
            hidden = block.conv1(hidden) + time[:, :, None, None]
        hidden = block.conv2(group_norm_silu(block.norm2, hidden))
        if block.conv_shortcut is not None:
            maps = block.conv_shortcut(maps)
        hidden = cast(Tensor, hidden.add_(maps))
        return hidden / self.divisor if self.divisor else hidden


class TemporalConvolution(nn.Module):
    """Four convolutions over time, each as a plane convolution over (frames, pixels)."""

    def __init__(self, layer: TemporalConvLayer, optimizations: Optimizations) -> None:
        """Share the layer's parameters; as planes, the kernels (3, 1, 1) become (3, 1)."""
        super().__init__()
        stages = (layer.conv1, layer.conv2, layer.conv3, layer.conv4)
        self.plane = optimizations.conv2d
        self.norms = nn.ModuleList([stage[0] for stage in stages])
        self.convolutions = nn.ModuleList(
            [plane_convolution(cast(nn.Conv3d, s[-1])) if self.plane else s[-1] for s in stages]
        )

    def forward(self, maps: Tensor, layout: Layout) -> Tensor:
        """Add the convolutions' result to maps (b*f, c, h, w)."""
        height, width = maps.shape[-2:]
        volume = hidden = layout.volume(maps)  # (b, c, f, h*w)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            hidden = group_norm_silu(cast(nn.GroupNorm, norm), hidden)
            if self.plane:
                hidden = convolution(hidden)
            else:
                hidden = convolution(hidden.view(*hidden.shape[:-1], height, width)).flatten(-2)
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


def upsample(block: Any, maps: Tensor, size: torch.Size) -> Tensor:
    """Upsample maps (b*f, c, h, w) to a size (h, w) and convolve them."""
    if isinstance(block, FusedUpsample2D):
        return cast(Tensor, block(maps, size))
    upsampled = functional.interpolate(maps, size=tuple(size), mode="nearest")
    return cast(Tensor, block.conv(upsampled))

"""The UNet's repeating unit, which is compiled as one, and its levels of one size each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention import KernelNames
from gpu_worker.models.i2vgen_xl.unet.blocks import ResidualBlock, TemporalConvolution
from gpu_worker.models.i2vgen_xl.unet.layout import Layout
from gpu_worker.models.i2vgen_xl.unet.transformer import (
    KeyValue,
    SpatialTransformer,
    TemporalTransformer,
)


class UNetLayer(nn.Module):
    """One residual block, its temporal convolution and, where it has them, its transformers."""

    def __init__(
        self,
        modules: tuple[nn.Module, nn.Module, nn.Module | None, nn.Module | None],
        kernels: KernelNames,
        optimizations: Optimizations,
    ) -> None:
        """Wrap diffusers' resnet, temp_conv, attention and temp_attention; share parameters."""
        super().__init__()
        residual, convolution, spatial, temporal = (cast(Any, module) for module in modules)
        self.residual = ResidualBlock(residual)
        self.convolution = TemporalConvolution(convolution)
        self.spatial = (
            None if spatial is None else SpatialTransformer(spatial, kernels, optimizations)
        )
        self.temporal = (
            None if temporal is None else TemporalTransformer(temporal, kernels, optimizations)
        )

    def forward(
        self, maps: Tensor, time: Tensor, context: KeyValue | None, layout: Layout
    ) -> Tensor:
        """Run on maps (b*f, c, h, w); maps that guidance shares are repeated where they differ."""
        maps = self.residual(maps, time)
        maps = self.convolution(maps, layout)
        if self.spatial is not None and context is not None:
            tokens = self.spatial.attend_within(maps, layout)
            tokens, maps = repeat_for_guidance(tokens, layout), repeat_for_guidance(maps, layout)
            maps = self.spatial.attend_to_context(tokens, maps, context, layout)
        if self.temporal is not None:
            maps = self.temporal(maps, layout)
        return maps


class UNetLevel(nn.Module):
    """The layers of one size, then the change to the next size."""

    def __init__(self, layers: Iterable[UNetLayer], resize: nn.Module | None) -> None:
        """Keep the layers and the convolution that changes the size, if any follows."""
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.resize = resize

    def __iter__(self) -> Iterator[UNetLayer]:
        return cast(Iterator[UNetLayer], iter(self.layers))

    def __len__(self) -> int:
        return len(self.layers)


def wrap_level(
    block: Any,
    resize: nn.Module | None,
    kernels: KernelNames,
    optimizations: Optimizations,
) -> UNetLevel:
    """Wrap one of diffusers' down, middle or up blocks."""
    count = len(block.resnets)
    # The middle block has one more resnet than transformers, other blocks have as many or none.
    spatial = [*getattr(block, "attentions", []), *[None] * count][:count]
    temporal = [*getattr(block, "temp_attentions", []), *[None] * count][:count]
    rows = zip(block.resnets, block.temp_convs, spatial, temporal, strict=True)
    return UNetLevel([UNetLayer(row, kernels, optimizations) for row in rows], resize)


def repeat_for_guidance(tensor: Tensor, layout: Layout) -> Tensor:
    """Repeat maps or tokens that both halves of guidance share, so that each half has its own."""
    halves = layout.clips * layout.frames // tensor.shape[0]
    if halves <= 1:
        return tensor
    if tensor.dim() == 4 and layout.channels_last:
        repeated = tensor.permute(0, 2, 3, 1).repeat(halves, 1, 1, 1)
        return repeated.permute(0, 3, 1, 2)
    return tensor.repeat(halves, *(1 for _ in tensor.shape[1:]))

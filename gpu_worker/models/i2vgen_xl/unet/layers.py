"""Layers: the UNet's repeating unit, and its levels of them; the regions that are compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.optimizations import Levers
from gpu_worker.models.i2vgen_xl.unet.attention import Attention
from gpu_worker.models.i2vgen_xl.unet.blocks import Residual, TemporalConvolution
from gpu_worker.models.i2vgen_xl.unet.layout import Layout
from gpu_worker.models.i2vgen_xl.unet.transformer import Spatial, Temporal

Memory = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Build:
    """What every block is built with."""

    kernels: Attention
    levers: Levers


class Layer(nn.Module):
    """One residual block, its temporal convolution and, where there are, its transformers."""

    def __init__(
        self,
        residual: nn.Module,
        convolution: nn.Module,
        spatial: nn.Module | None,
        temporal: nn.Module | None,
        build: Build,
    ) -> None:
        """Wrap diffusers' modules, whose parameters stay shared."""
        super().__init__()
        levers, kernels = build.levers, build.kernels
        self.residual = Residual(cast(Any, residual), levers)
        self.convolution = TemporalConvolution(cast(Any, convolution), levers)
        self.spatial = None if spatial is None else Spatial(cast(Any, spatial), kernels, levers)
        self.temporal = None if temporal is None else Temporal(cast(Any, temporal), kernels, levers)

    def forward(self, maps: Tensor, row: Tensor, memory: Memory | None, layout: Layout) -> Tensor:
        """Run on maps (b*f, c, h, w); clips that guidance shares grow to all where they differ."""
        maps = self.residual(maps, row)
        maps = self.convolution(maps, layout)
        if self.spatial is not None and memory is not None:
            tokens = self.spatial.begin(maps, layout)
            tokens, maps = widen(tokens, layout), widen(maps, layout)
            maps = self.spatial.finish(tokens, maps, memory, layout)
        if self.temporal is not None:
            maps = self.temporal(maps, layout)
        return maps


class Level(nn.Module):
    """The layers of one size, then the change to the next size."""

    def __init__(self, layers: Iterable[Layer], resize: nn.Module | None) -> None:
        """Keep the layers and the convolution that changes the size, if any follows."""
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.resize = resize

    def __iter__(self) -> Iterator[Layer]:
        """Walk over the layers in their order."""
        return cast(Iterator[Layer], iter(self.layers))

    def __len__(self) -> int:
        """Return the number of layers."""
        return len(self.layers)


def widen(tensor: Tensor, layout: Layout) -> Tensor:
    """Repeat what the halves of guidance shared so far, so that each has its own."""
    halves = layout.clips * layout.frames // tensor.shape[0]
    if halves <= 1:
        return tensor
    if tensor.dim() == 4 and layout.channels_last:
        repeated = tensor.permute(0, 2, 3, 1).repeat(halves, 1, 1, 1)
        return repeated.permute(0, 3, 1, 2)
    return tensor.repeat(halves, *(1 for _ in tensor.shape[1:]))


def level(block: nn.Module, resize: nn.Module | None, build: Build) -> Level:
    """Wrap one of diffusers' down or up blocks."""
    parts = cast(Any, block)
    count = len(parts.resnets)
    spatial = getattr(parts, "attentions", [None] * count)
    temporal = getattr(parts, "temp_attentions", [None] * count)
    rows = zip(parts.resnets, parts.temp_convs, spatial, temporal, strict=True)
    return Level([Layer(*row, build) for row in rows], resize)


def middle(block: nn.Module, build: Build) -> Level:
    """Wrap diffusers' middle block: a whole layer, then one without transformers."""
    parts = cast(Any, block)
    spatial = [*parts.attentions, None]
    temporal = [*parts.temp_attentions, None]
    rows = zip(parts.resnets, parts.temp_convs, spatial, temporal, strict=True)
    return Level([Layer(*row, build) for row in rows], None)

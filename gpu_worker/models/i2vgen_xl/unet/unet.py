"""UNet: our own forward pass over the modules of diffusers' I2VGenXLUNet.

It computes what the stock forward pass computes, but nothing twice: see levers.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.optimizations import Levers
from gpu_worker.models.i2vgen_xl.unet import conditions as constants
from gpu_worker.models.i2vgen_xl.unet.attention import Attention
from gpu_worker.models.i2vgen_xl.unet.blocks import downsample, upsample
from gpu_worker.models.i2vgen_xl.unet.conditions import Conditions
from gpu_worker.models.i2vgen_xl.unet.group_norm import activated
from gpu_worker.models.i2vgen_xl.unet.layers import (
    Build,
    Layer,
    Level,
    Memory,
    level,
    middle,
    widen,
)
from gpu_worker.models.i2vgen_xl.unet.layout import Layout
from gpu_worker.models.i2vgen_xl.unet.transformer import Spatial, Temporal
from gpu_worker.models.i2vgen_xl.unet.upsampling import Doubling


@dataclass(frozen=True)
class Prepared:
    """A clip made ready: features (c, 4, f, h, w), each layer's memory, and a row per step."""

    conditions: Conditions
    timesteps: Tensor
    features: Tensor
    memories: tuple[Memory, ...]
    table: Tensor


class UNet(nn.Module):
    """The noise predictor, one forward pass per step."""

    def __init__(self, unet: I2VGenXLUNet, kernels: Attention, levers: Levers) -> None:
        """Wrap the stock model, whose parameters it takes over; do not run that one afterwards."""
        super().__init__()
        build, parts = Build(kernels, levers), cast(Any, unet)
        self.stock = unet
        self.levers = levers
        self.entry = Temporal(parts.transformer_in, kernels, levers)
        self.downs = nn.ModuleList(
            [level(block, _first(block.downsamplers), build) for block in parts.down_blocks]
        )
        self.mid = middle(parts.mid_block, build)
        self.ups = nn.ModuleList(
            [level(block, _grower(block, levers), build) for block in parts.up_blocks]
        )
        if levers.channels_last:
            _channels_last(self)

    def layers(self) -> list[Layer]:
        """Return every layer in the order of a forward pass."""
        levels = [*self.downs, self.mid, *self.ups]
        return [layer for one in levels for layer in cast(Level, one)]

    def slice(self, slices: int) -> None:
        """Run every feed-forward network in so many slices of its rows."""
        for module in self.modules():
            if isinstance(module, (Spatial, Temporal)):
                module.slices = slices

    def prepare(self, conditions: Conditions, timesteps: Tensor) -> Prepared:
        """Compute what all steps share; timesteps (steps)."""
        context = constants.context(self.stock, conditions)
        memories = tuple(
            layer.spatial.cross.remember(context) if self.levers.context else (context, context)
            for layer in self.layers()
            if layer.spatial is not None
        )
        embedded = constants.embeddings(self.stock, timesteps, conditions.fps)
        table = embedded
        if self.levers.time_table:
            rows = [layer.residual.project(embedded) for layer in self.layers()]
            table = torch.cat(rows, dim=1)
        features = constants.image_features(self.stock, conditions.image_latents)
        return Prepared(conditions, timesteps, features, memories, table)

    def forward(
        self,
        sample: Tensor,
        features: Tensor,
        row: Tensor,
        memories: tuple[Memory, ...],
        deep: Deep | None = None,
    ) -> Tensor:
        """Predict for sample (c, 4, f, h, w); the result has as many clips as the memories.

        deep, where given, keeps deep features on one step and puts them in on the next.
        """
        layout = Layout(memories[0][0].shape[0], sample.shape[2], self.levers.channels_last)
        walk = Walk(self, layout, row, memories)
        maps = torch.cat([sample, features], dim=1).transpose(1, 2).flatten(0, 1)
        if not self.levers.shared_prefix:
            maps = widen(maps, layout)
        maps = maps.contiguous(memory_format=layout.memory_format)
        maps = self.entry(cast(Any, self.stock).conv_in(maps), layout)
        maps = walk.short(maps, deep) if deep is not None and deep.ready else walk.full(maps, deep)
        parts = cast(Any, self.stock)
        maps = parts.conv_out(activated(parts.conv_norm_out, maps))
        return cast(Tensor, maps.unflatten(0, (layout.clips, -1)).transpose(1, 2))


class Deep:
    """Deep features that a later step takes from an earlier one.

    depth is how many of the last level's layers are always computed.
    """

    def __init__(self, depth: int = 1) -> None:
        """Start empty."""
        self.depth = depth
        self.maps: Tensor | None = None
        self.ready = False

    def prime(self, fresh: bool, rows: int) -> None:
        """Say whether the next pass may take the features: not where too few are kept."""
        self.ready = not fresh and self.maps is not None and self.maps.shape[0] >= rows

    def keep(self, maps: Tensor) -> None:
        """Remember the features of this step."""
        self.maps = maps

    def take(self, layout: Layout) -> Tensor:
        """Return the features; where guidance has ended since, its second half of them."""
        if self.maps is None:
            raise RuntimeError("no deep features were kept")
        return self.maps[-layout.clips * layout.frames :]


class Walk:
    """One way down and up again through the levels."""

    def __init__(
        self, unet: UNet, layout: Layout, row: Tensor, memories: tuple[Memory, ...]
    ) -> None:
        """Give each layer its row of the time table and its memory of the context."""
        self.unet = unet
        self.layout = layout
        layers = unet.layers()
        rows = _rows(layers, row, layout, unet.levers.time_table)
        each = iter(memories)
        spatial = [next(each) if layer.spatial is not None else None for layer in layers]
        self.given = dict(zip(map(id, layers), zip(rows, spatial, strict=True), strict=True))

    def run(self, layer: Layer, maps: Tensor) -> Tensor:
        """Run one layer."""
        row, memory = self.given[id(layer)]
        if row.dim() == 2 and row.shape[0] != maps.shape[0]:
            row = row[: maps.shape[0]]
        return cast(Tensor, layer(maps, row, memory, self.layout))

    def full(self, maps: Tensor, deep: Deep | None) -> Tensor:
        """Run everything; deep, where given, keeps what it needs."""
        skips = [maps]
        for down in cast(list[Level], list(self.unet.downs)):
            for layer in down:
                maps = self.run(layer, maps)
                skips.append(maps)
            if down.resize is not None:
                maps = downsample(cast(Any, down.resize), maps)
                skips.append(maps)
        for layer in self.unet.mid:
            maps = self.run(layer, maps)
        last = self.unet.ups[-1]
        for up in cast(list[Level], list(self.unet.ups)):
            for index, layer in enumerate(up):
                if deep is not None and up is last and index == len(up) - deep.depth:
                    deep.keep(maps)
                maps = self.join(layer, maps, skips.pop())
            if up.resize is not None:
                maps = upsample(up.resize, maps, skips[-1].shape[-2:])
        return maps

    def short(self, maps: Tensor, deep: Deep) -> Tensor:
        """Run only the outermost layers around the deep features of an earlier step."""
        skips = [maps]
        for layer in list(cast(Level, self.unet.downs[0]))[: deep.depth - 1]:
            maps = self.run(layer, maps)
            skips.append(maps)
        maps = deep.take(self.layout)
        for layer in list(cast(Level, self.unet.ups[-1]))[-deep.depth :]:
            maps = self.join(layer, maps, skips.pop())
        return maps

    def join(self, layer: Layer, maps: Tensor, skip: Tensor) -> Tensor:
        """Run an upward layer on the features from below and those of the way down."""
        joined = torch.cat([maps, widen(skip, self.layout)], dim=1)
        return self.run(layer, joined)


def _rows(layers: list[Layer], row: Tensor, layout: Layout, ready: bool) -> list[Tensor]:
    """Split one step's row of the time table; without a table project it for every frame."""
    if ready:
        sizes = [layer.residual.block.out_channels for layer in layers]
        return list(torch.split(row, sizes))
    repeated = row.expand(layout.clips * layout.frames, -1)
    return [layer.residual.project(repeated) for layer in layers]


def _grower(block: Any, levers: Levers) -> nn.Module | None:
    grower = _first(block.upsamplers)
    return Doubling(cast(Any, grower)) if levers.doubling and grower is not None else grower


def _first(modules: nn.ModuleList | None) -> nn.Module | None:
    return None if modules is None else modules[0]


def _channels_last(unet: nn.Module) -> None:
    """Lay the weights of plane convolutions out as the maps are."""
    for module in unet.modules():
        if isinstance(module, nn.Conv2d):
            cast(Any, module).to(memory_format=torch.channels_last)

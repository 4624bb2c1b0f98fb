"""Our own forward pass over the modules of diffusers' I2VGenXLUNet.

It computes what the stock forward pass computes, but nothing twice: see optimizations.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention import KernelNames
from gpu_worker.models.i2vgen_xl.unet.blocks import downsample
from gpu_worker.models.i2vgen_xl.unet.conditioning import (
    Conditioning,
    context,
    image_features,
    time_embeddings,
)
from gpu_worker.models.i2vgen_xl.unet.feed_forward import GatedFeedForward
from gpu_worker.models.i2vgen_xl.unet.group_norm import group_norm_silu
from gpu_worker.models.i2vgen_xl.unet.layers import (
    UNetLayer,
    UNetLevel,
    repeat_for_guidance,
    wrap_level,
)
from gpu_worker.models.i2vgen_xl.unet.layout import Layout
from gpu_worker.models.i2vgen_xl.unet.transformer import KeyValue, TemporalTransformer
from gpu_worker.models.i2vgen_xl.unet.upsampling import FusedUpsample2D


@dataclass(frozen=True)
class PreparedConditioning:
    """What all steps share of a conditioning, computed once.

    image_features (c, 4, f, h, w); contexts are the keys and values of each layer that has
    cross-attention; time_table (steps, e) holds one row of embeddings for each timestep.
    """

    image_features: Tensor
    contexts: tuple[KeyValue, ...]
    time_table: Tensor


class UNet(nn.Module):
    """The noise predictor, one forward pass per step."""

    def __init__(
        self, unet: I2VGenXLUNet, kernels: KernelNames, optimizations: Optimizations
    ) -> None:
        """Wrap the stock model and take over its parameters; do not run that one afterwards."""
        super().__init__()
        self.stock = unet
        self.optimizations = optimizations
        self.transformer_in = TemporalTransformer(unet.transformer_in, kernels, optimizations)
        self.down_levels = nn.ModuleList(
            wrap_level(block, _first(block.downsamplers), kernels, optimizations)
            for block in unet.down_blocks
        )
        self.mid_level = wrap_level(unet.mid_block, None, kernels, optimizations)
        self.up_levels = nn.ModuleList(
            wrap_level(block, _upsampler(block), kernels, optimizations) for block in unet.up_blocks
        )
        if optimizations.channels_last:
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    cast(Any, module).to(memory_format=torch.channels_last)

    def layers(self) -> list[UNetLayer]:
        """Return every layer in the order of a forward pass."""
        levels = [*self.down_levels, self.mid_level, *self.up_levels]
        return [layer for level in levels for layer in cast(UNetLevel, level)]

    def slice_feed_forward(self, slices: int) -> None:
        """Run every feed-forward network in so many slices of its tokens."""
        for module in self.modules():
            if isinstance(module, GatedFeedForward):
                module.slices = slices

    def prepare(
        self,
        conditioning: Conditioning,
        timesteps: Tensor,
        on_device: Callable[[UNetLayer], AbstractContextManager[None]] = lambda _: nullcontext(),
    ) -> PreparedConditioning:
        """Compute what all steps share; timesteps (steps).

        on_device keeps a layer on the device while a part of it is used.
        """
        joint = context(self.stock, conditioning)
        table = time_embeddings(self.stock, timesteps, conditioning.fps)
        contexts: list[KeyValue] = []
        rows = []
        for layer in self.layers():
            with on_device(layer):
                rows.append(layer.residual.project_time(table))
                if layer.spatial is not None:
                    contexts.append(layer.spatial.cross_attention.project(joint))
        features = image_features(self.stock, conditioning.image_latents)
        return PreparedConditioning(features, tuple(contexts), torch.cat(rows, dim=1))

    def forward(
        self,
        sample: Tensor,
        features: Tensor,
        time: Tensor,
        contexts: tuple[KeyValue, ...],
        cache: DeepCache | None = None,
        *,
        on_layer: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """Predict for sample (c, 4, f, h, w); the result has as many clips as the contexts.

        features are those of the image latents, time is one row of the time table (e). cache,
        where given, keeps deep features on one step and puts them in on the next. on_layer is
        called before each layer, whose first pass may take a while: it may be compiled.
        """
        channels_last = self.optimizations.channels_last
        layout = Layout(contexts[0][0].shape[0], sample.shape[2], channels_last)
        run = ForwardPass(self, layout, time, contexts, on_layer)
        maps = torch.cat([sample, features], dim=1).transpose(1, 2).flatten(0, 1)
        if not self.optimizations.shared_prefix:
            maps = repeat_for_guidance(maps, layout)
        maps = maps.contiguous(memory_format=layout.memory_format)  # (b*f, 8, h, w)
        stock = self.stock
        maps = self.transformer_in(stock.conv_in(maps), layout)
        maps = run.outer(maps, cache) if cache is not None and cache.ready else run.all(maps, cache)
        maps = stock.conv_out(group_norm_silu(stock.conv_norm_out, maps))
        return cast(Tensor, maps.unflatten(0, (layout.clips, -1)).transpose(1, 2))


class DeepCache:
    """Deep features that later steps take from an earlier one (DeepCache, arXiv:2312.00858).

    Only the very last layer is always computed.
    """

    def __init__(self) -> None:
        self.maps: Tensor | None = None
        self.ready = False

    def prime(self, fresh: bool, frames: int) -> None:
        """Let the next pass of so many frames (b*f) take the features, unless it is to be fresh."""
        self.ready = not fresh and self.maps is not None and self.maps.shape[0] >= frames

    def store(self, maps: Tensor) -> None:
        """Keep the features (b*f, c, h, w) of this step."""
        self.maps = maps

    def load(self, layout: Layout) -> Tensor:
        """Return the features; where guidance has ended since, their second half."""
        if self.maps is None:
            raise RuntimeError("no deep features were kept")
        return self.maps[-layout.clips * layout.frames :]


class ForwardPass:
    """One way down and up again through the levels; maps are (b*f, c, h, w)."""

    def __init__(
        self,
        unet: UNet,
        layout: Layout,
        time: Tensor,
        contexts: tuple[KeyValue, ...],
        on_layer: Callable[[], None],
    ) -> None:
        """Give each layer its part of the time embedding and its context."""
        self.unet = unet
        self.on_layer = on_layer
        self.layout = layout
        layers = unet.layers()
        times = torch.split(time, [layer.residual.block.out_channels for layer in layers])
        each = iter(contexts)
        given = [next(each) if layer.spatial is not None else None for layer in layers]
        self.inputs = dict(zip(map(id, layers), zip(times, given, strict=True), strict=True))

    def all(self, maps: Tensor, cache: DeepCache | None) -> Tensor:
        """Run every layer; store what the cache needs."""
        skips = [maps]
        for down in cast(list[UNetLevel], list(self.unet.down_levels)):
            for layer in down:
                maps = self._run(layer, maps)
                skips.append(maps)
            if down.resize is not None:
                maps = downsample(down.resize, maps)
                skips.append(maps)
        for layer in self.unet.mid_level:
            maps = self._run(layer, maps)
        last = self.unet.up_levels[-1]
        for up in cast(list[UNetLevel], list(self.unet.up_levels)):
            for index, layer in enumerate(up):
                if cache is not None and up is last and index == len(up) - 1:
                    cache.store(maps)
                maps = self._run_joined(layer, maps, skips.pop())
            if up.resize is not None:
                maps = up.resize(maps, skips[-1].shape[-2:])
        return maps

    def outer(self, maps: Tensor, cache: DeepCache) -> Tensor:
        """Run only the last layer, on the deep features of an earlier step."""
        *_, last = cast(UNetLevel, self.unet.up_levels[-1])
        return self._run_joined(last, cache.load(self.layout), maps)

    def _run(self, layer: UNetLayer, maps: Tensor) -> Tensor:
        self.on_layer()
        time, given = self.inputs[id(layer)]
        return cast(Tensor, layer(maps, time, given, self.layout))

    def _run_joined(self, layer: UNetLayer, maps: Tensor, skip: Tensor) -> Tensor:
        """Run an upward layer on the features from below and those of the way down."""
        joined = torch.cat([maps, repeat_for_guidance(skip, self.layout)], dim=1)
        return self._run(layer, joined)


def _upsampler(block: Any) -> nn.Module | None:
    stock = _first(block.upsamplers)
    return None if stock is None else FusedUpsample2D(stock)


def _first(modules: nn.ModuleList | None) -> nn.Module | None:
    return None if modules is None else modules[0]

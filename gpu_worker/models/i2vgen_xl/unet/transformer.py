"""Transformer: the UNet's spatial and temporal attention blocks, run with less work."""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.attention_processor import Attention as Projections
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.transformers.transformer_temporal import TransformerTemporalModel
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.optimizations import Levers
from gpu_worker.models.i2vgen_xl.unet.attention import Attention, Kind
from gpu_worker.models.i2vgen_xl.unet.feed_forward import Gated
from gpu_worker.models.i2vgen_xl.unet.group_norm import grouped
from gpu_worker.models.i2vgen_xl.unet.layout import Layout


class SelfAttention(nn.Module):
    """Self-attention with query, key and value from one matrix product."""

    def __init__(self, block: Projections, kind: Kind, kernels: Attention, levers: Levers) -> None:
        """Share the projections; fused, they leave the block for one joint layer."""
        super().__init__()
        self.block = block
        self.kind = kind
        self.kernels = kernels
        self.joint = joint(block) if levers.fused_projections else None

    def forward(self, tokens: Tensor) -> Tensor:
        """Attend within each row of tokens (n, t, c)."""
        block = self.block
        if self.joint is not None:
            query, key, value = self.joint(tokens).chunk(3, dim=-1)
        else:
            query, key, value = block.to_q(tokens), block.to_k(tokens), block.to_v(tokens)
        result = self.kernels(self.kind, query, key, value, block.heads)
        return cast(Tensor, block.to_out[0](result))


class CrossAttention(nn.Module):
    """Attention to the context, whose keys and values are the same for all frames of a clip."""

    def __init__(self, block: Projections, kernels: Attention, levers: Levers) -> None:
        """Share the projections."""
        super().__init__()
        self.block = block
        self.kernels = kernels
        self.once = levers.context

    def remember(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Project the context (b, n, e) to keys and values (b, n, c)."""
        return self.block.to_k(context), self.block.to_v(context)

    def forward(self, tokens: Tensor, memory: tuple[Tensor, Tensor], layout: Layout) -> Tensor:
        """Attend from tokens (b*f, t, c); memory is keys and values, or (context, context)."""
        query = self.block.to_q(tokens)
        if self.once:
            # Frames join the row of tokens, so that nothing is repeated for them.
            query = query.view(layout.clips, -1, query.shape[-1])
            key, value = memory
        else:
            context = memory[0].repeat_interleave(layout.frames, dim=0)
            key, value = self.remember(context)
        result = self.kernels(Kind.CROSS, query, key, value, self.block.heads)
        return cast(Tensor, self.block.to_out[0](result.view(tokens.shape)))


def joint(block: Projections) -> nn.Linear:
    """Move the three projections into one layer, so that no weight is kept twice."""
    parts = (block.to_q, block.to_k, block.to_v)
    weight = torch.cat([part.weight for part in parts]).detach()
    with torch.device("meta"):
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = nn.Parameter(weight, requires_grad=False)
    emptied = cast(Any, block)
    emptied.to_q = emptied.to_k = emptied.to_v = None
    return layer


class Spatial(nn.Module):
    """Self-attention within a frame, cross-attention to the context, feed-forward."""

    def __init__(self, block: Transformer2DModel, kernels: Attention, levers: Levers) -> None:
        """Share the block's parameters."""
        super().__init__()
        inner = cast(BasicTransformerBlock, block.transformer_blocks[0])
        self.block = block
        self.inner = inner
        self.own = SelfAttention(inner.attn1, Kind.SPATIAL, kernels, levers)
        self.cross = CrossAttention(inner.attn2, kernels, levers)
        self.gated = Gated(cast(Any, inner).ff, levers)
        self.slices = 1

    def begin(self, maps: Tensor, layout: Layout) -> Tensor:
        """Run up to where the context is needed; the result does not depend on it."""
        tokens = _project_in(self.block, maps, layout)
        return cast(Tensor, self.own(self.inner.norm1(tokens)).add_(tokens))

    def finish(
        self, tokens: Tensor, maps: Tensor, memory: tuple[Tensor, Tensor], layout: Layout
    ) -> Tensor:
        """Run the rest on what begin returned; maps are what begin was given."""
        height, width = maps.shape[-2:]
        tokens = self.cross(self.inner.norm2(tokens), memory, layout).add_(tokens)
        tokens = feed_forward(self.inner, self.gated, tokens, self.slices)
        return _project_out(self.block, tokens, height, width, layout).add_(maps)

    def forward(self, maps: Tensor, memory: tuple[Tensor, Tensor], layout: Layout) -> Tensor:
        """Run the block on maps (b*f, c, h, w)."""
        return self.finish(self.begin(maps, layout), maps, memory, layout)


class Temporal(nn.Module):
    """Twice self-attention along time, then feed-forward."""

    def __init__(self, block: TransformerTemporalModel, kernels: Attention, levers: Levers) -> None:
        """Share the block's parameters."""
        super().__init__()
        inner = cast(BasicTransformerBlock, block.transformer_blocks[0])
        self.block = block
        self.inner = inner
        self.first = SelfAttention(inner.attn1, Kind.TEMPORAL, kernels, levers)
        self.second = SelfAttention(inner.attn2, Kind.TEMPORAL, kernels, levers)
        self.gated = Gated(cast(Any, inner).ff, levers)
        self.slices = 1

    def forward(self, maps: Tensor, layout: Layout) -> Tensor:
        """Run the block on maps (b*f, c, h, w)."""
        height, width = maps.shape[-2:]
        normal = layout.from_volume(grouped(self.block.norm, layout.volume(maps)), height, width)
        lines = self.block.proj_in(layout.lines(normal))
        lines = self.first(self.inner.norm1(lines)).add_(lines)
        lines = self.second(self.inner.norm2(lines)).add_(lines)
        lines = self.block.proj_out(feed_forward(self.inner, self.gated, lines, self.slices))
        return layout.from_lines(lines, height, width).add(maps)


def feed_forward(inner: BasicTransformerBlock, gated: Gated, tokens: Tensor, slices: int) -> Tensor:
    """Add the feed-forward network's output, in slices of rows where memory is short."""
    if slices <= 1:
        return cast(Tensor, gated(inner.norm3(tokens)).add_(tokens))
    # Rows do not depend on each other, so that each slice takes its own place.
    for rows in tokens.view(1, -1, tokens.shape[-1]).chunk(slices, dim=1):
        rows.add_(gated(inner.norm3(rows)))
    return tokens


def _project_in(block: Transformer2DModel, maps: Tensor, layout: Layout) -> Tensor:
    normal = grouped(cast(Any, block).norm, maps)
    if block.use_linear_projection:
        return cast(Tensor, block.proj_in(layout.tokens(normal)))
    return layout.tokens(block.proj_in(normal))


def _project_out(
    block: Transformer2DModel, tokens: Tensor, height: int, width: int, layout: Layout
) -> Tensor:
    if block.use_linear_projection:
        return layout.maps(block.proj_out(tokens), height, width)
    return cast(Tensor, block.proj_out(layout.maps(tokens, height, width)))

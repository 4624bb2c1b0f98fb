"""The UNet's spatial and temporal transformer blocks, run over diffusers' modules."""

from __future__ import annotations

from typing import cast

import torch
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.attention_processor import Attention
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.transformers.transformer_temporal import TransformerTemporalModel
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS, AttentionKind, KernelNames
from gpu_worker.models.i2vgen_xl.unet.feed_forward import GatedFeedForward
from gpu_worker.models.i2vgen_xl.unet.group_norm import group_norm
from gpu_worker.models.i2vgen_xl.unet.layout import Layout

KeyValue = tuple[Tensor, Tensor]
"""The keys and values of a context, both (b, n, c)."""


class SelfAttention(nn.Module):
    """Self-attention with query, key and value from one matrix product."""

    def __init__(self, attention: Attention, kernel: str) -> None:
        """Replace the projections by one joint layer."""
        super().__init__()
        self.attention = attention
        self.attend = KERNELS[kernel]
        self.to_qkv = fuse_projections(attention)

    def forward(self, tokens: Tensor) -> Tensor:
        """Attend within each row of tokens (n, t, c)."""
        query, key, value = self.to_qkv(tokens).chunk(3, dim=-1)
        result = self.attend(query, key, value, self.attention.heads)
        return cast(Tensor, self.attention.to_out[0](result))


class CrossAttention(nn.Module):
    """Attention to the context, whose keys and values are the same for all frames of a clip."""

    def __init__(self, attention: Attention, kernel: str) -> None:
        """Share the projections."""
        super().__init__()
        self.attention = attention
        self.attend = KERNELS[kernel]

    def project(self, context: Tensor) -> KeyValue:
        """Project the context (b, n, e) to keys and values (b, n, c)."""
        return self.attention.to_k(context), self.attention.to_v(context)

    def forward(self, tokens: Tensor, context: KeyValue, layout: Layout) -> Tensor:
        """Attend from tokens (b*f, t, c) to keys and values."""
        query = self.attention.to_q(tokens)
        # Frames join the row of tokens, so that keys and values are not repeated for them.
        query = query.view(layout.clips, -1, query.shape[-1])
        result = self.attend(query, *context, self.attention.heads)
        return cast(Tensor, self.attention.to_out[0](result.view(tokens.shape)))


def fuse_projections(attention: Attention) -> nn.Linear:
    """Move query, key and value out of the module into one layer, so that none is kept twice."""
    parts = (attention.to_q, attention.to_k, attention.to_v)
    weight = torch.cat([part.weight for part in parts]).detach()
    with torch.device("meta"):
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = nn.Parameter(weight, requires_grad=False)
    attention.to_q = attention.to_k = attention.to_v = None
    return layer


class SpatialTransformer(nn.Module):
    """Self-attention within a frame, cross-attention to the context, feed-forward."""

    def __init__(
        self, model: Transformer2DModel, kernels: KernelNames, optimizations: Optimizations
    ) -> None:
        """Share the model's parameters."""
        super().__init__()
        block = cast(BasicTransformerBlock, model.transformer_blocks[0])
        self.model = model
        self.block = block
        spatial, cross = kernels[AttentionKind.SPATIAL], kernels[AttentionKind.CROSS]
        self.self_attention = SelfAttention(block.attn1, spatial)
        self.cross_attention = CrossAttention(block.attn2, cross)
        self.feed_forward = GatedFeedForward(block, optimizations)

    def attend_within(self, maps: Tensor, layout: Layout) -> Tensor:
        """Run what needs no context on maps (b*f, c, h, w); return tokens (b*f, h*w, c)."""
        normed = group_norm(self.model.norm, maps)
        if self.model.use_linear_projection:
            tokens = self.model.proj_in(layout.tokens(normed))
        else:
            tokens = layout.tokens(self.model.proj_in(normed))
        return cast(Tensor, self.self_attention(self.block.norm1(tokens)).add_(tokens))

    def attend_to_context(
        self, tokens: Tensor, maps: Tensor, context: KeyValue, layout: Layout
    ) -> Tensor:
        """Run the rest on attend_within's tokens; maps are what that was given."""
        height, width = maps.shape[-2:]
        tokens = self.cross_attention(self.block.norm2(tokens), context, layout).add_(tokens)
        tokens = self.feed_forward(tokens)
        if self.model.use_linear_projection:
            result = layout.from_tokens(self.model.proj_out(tokens), height, width)
        else:
            result = self.model.proj_out(layout.from_tokens(tokens, height, width))
        return result.add_(maps)


class TemporalTransformer(nn.Module):
    """Twice self-attention along time, then feed-forward."""

    def __init__(
        self,
        model: TransformerTemporalModel,
        kernels: KernelNames,
        optimizations: Optimizations,
    ) -> None:
        """Share the model's parameters."""
        super().__init__()
        block = cast(BasicTransformerBlock, model.transformer_blocks[0])
        self.model = model
        self.block = block
        self.first, self.second = (
            SelfAttention(attention, kernels[AttentionKind.TEMPORAL])
            for attention in (block.attn1, block.attn2)
        )
        self.feed_forward = GatedFeedForward(block, optimizations)

    def forward(self, maps: Tensor, layout: Layout) -> Tensor:
        """Run the block on maps (b*f, c, h, w)."""
        height, width = maps.shape[-2:]
        normed = group_norm(self.model.norm, layout.volume(maps))
        tokens = layout.temporal_tokens(layout.from_volume(normed, height, width))
        tokens = self.model.proj_in(tokens)
        tokens = self.first(self.block.norm1(tokens)).add_(tokens)
        tokens = self.second(self.block.norm2(tokens)).add_(tokens)
        tokens = self.model.proj_out(self.feed_forward(tokens))
        return layout.from_temporal_tokens(tokens, height, width).add(maps)

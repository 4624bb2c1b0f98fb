"""Attention: the kernels that one setting chooses from, for each kind of attention.

Queries, keys and values are (batch, tokens, heads * width); heads lie side by side in the last
dimension, as the projections leave them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

import torch
from torch import Tensor
from torch.nn import functional

BATCH_LIMIT = 65_535
"""Fused CUDA kernels take no more than this in the batch dimension."""

Kernel = Callable[[Tensor, Tensor, Tensor, int], Tensor]


class Kind(StrEnum):
    """What attends to what, since each has its own best kernel."""

    SPATIAL = "spatial"
    CROSS = "cross"
    TEMPORAL = "temporal"


@dataclass(frozen=True)
class Attention:
    """One kernel for each kind of attention."""

    kernels: Mapping[Kind, str]

    def __call__(self, kind: Kind, query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
        """Attend; the result has the query's shape."""
        return KERNELS[self.kernels[kind]](query, key, value, heads)

    @classmethod
    def uniform(cls, name: str) -> Attention:
        """Use one kernel for everything; raise KeyError for an unknown name."""
        if name not in KERNELS:
            raise KeyError(name)
        return cls(dict.fromkeys(Kind, name))


def _split(tensor: Tensor, heads: int) -> Tensor:
    batch, tokens, channels = tensor.shape
    return tensor.view(batch, tokens, heads, channels // heads).transpose(1, 2)


def fused(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attend with PyTorch's fused kernel (SDPA), in pieces where the batch is too long for it."""
    if query.shape[0] > BATCH_LIMIT and query.is_cuda:
        starts = range(0, query.shape[0], BATCH_LIMIT)
        pieces = [slice(start, start + BATCH_LIMIT) for start in starts]
        return torch.cat([fused(query[at], key[at], value[at], heads) for at in pieces])
    result = functional.scaled_dot_product_attention(
        _split(query, heads), _split(key, heads), _split(value, heads)
    )
    return result.transpose(1, 2).reshape(query.shape)


def plain(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attend head by head with matrix products on strided views; best for narrow, short rows."""
    width = query.shape[-1] // heads
    scale = 1.0 / math.sqrt(width)
    result = torch.empty_like(query, memory_format=torch.contiguous_format)
    nothing = query.new_zeros(())
    for head in range(heads):
        span = slice(head * width, (head + 1) * width)
        turned = key[..., span].transpose(1, 2)
        scores = torch.baddbmm(nothing, query[..., span], turned, beta=0.0, alpha=scale)
        result[..., span] = torch.bmm(torch.softmax(scores, dim=-1), value[..., span])
    return result


def together(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attend with one matrix product over all heads, after copying them apart."""
    shape = query.shape
    scale = 1.0 / math.sqrt(shape[-1] // heads)
    query, key, value = (
        _split(tensor, heads).flatten(0, 1).contiguous() for tensor in (query, key, value)
    )
    scores = torch.bmm(query * scale, key.transpose(1, 2))
    result = torch.bmm(torch.softmax(scores, dim=-1), value)
    return result.view(shape[0], heads, shape[1], -1).transpose(1, 2).reshape(shape)


def xformers(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attend with xformers; raises ModuleNotFoundError where it is not installed."""
    operations = import_module("xformers.ops")  # an optional package, only on GPUs
    split = [
        tensor.view(tensor.shape[0], tensor.shape[1], heads, -1) for tensor in (query, key, value)
    ]
    result: Tensor = operations.memory_efficient_attention(*split)
    return result.reshape(query.shape)


KERNELS: dict[str, Kernel] = {
    "sdpa": fused,
    "plain": plain,
    "together": together,
    "xformers": xformers,
}

"""Attention kernels of equal results, one of which is used for each kind of attention.

Queries, keys and values are (batch, tokens, heads * width); heads lie side by side in the last
dimension, as the projections leave them.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, files
from types import ModuleType

import torch
from torch import Tensor
from torch.nn import functional

BATCH_LIMIT = 65_535
"""Fused CUDA kernels take no more than this in the batch dimension."""

CUDA_12_RUNTIME = "nvidia-cuda-runtime-cu12"

Kernel = Callable[[Tensor, Tensor, Tensor, int], Tensor]


class AttentionKind(StrEnum):
    """What attends to what; each kind has its own fastest kernel."""

    SPATIAL = "spatial"
    CROSS = "cross"
    TEMPORAL = "temporal"


KernelNames = Mapping[AttentionKind, str]
"""The name of one kernel for each kind of attention."""


def sdpa(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attend with PyTorch's fused kernel, in pieces where the batch is too long for it."""
    if query.shape[0] > BATCH_LIMIT and query.is_cuda:
        starts = range(0, query.shape[0], BATCH_LIMIT)
        pieces = [slice(start, start + BATCH_LIMIT) for start in starts]
        return torch.cat([sdpa(query[at], key[at], value[at], heads) for at in pieces])
    result = functional.scaled_dot_product_attention(
        _split_heads(query, heads), _split_heads(key, heads), _split_heads(value, heads)
    )
    return result.transpose(1, 2).reshape(query.shape)


def plain(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attend head by head with matrix products on strided views; best for few, narrow tokens."""
    width = query.shape[-1] // heads
    scale = 1.0 / math.sqrt(width)
    result = torch.empty_like(query, memory_format=torch.contiguous_format)
    zero = query.new_zeros(())
    for head in range(heads):
        span = slice(head * width, (head + 1) * width)
        scores = torch.baddbmm(
            zero, query[..., span], key[..., span].transpose(1, 2), beta=0.0, alpha=scale
        )
        result[..., span] = torch.bmm(torch.softmax(scores, dim=-1), value[..., span])
    return result


def together(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attend with one matrix product over all heads, after copying them apart."""
    shape = query.shape
    scale = 1.0 / math.sqrt(shape[-1] // heads)
    query, key, value = (
        _split_heads(tensor, heads).flatten(0, 1).contiguous() for tensor in (query, key, value)
    )
    scores = torch.bmm(query * scale, key.transpose(1, 2))
    result = torch.bmm(torch.softmax(scores, dim=-1), value)
    return result.view(shape[0], heads, shape[1], -1).transpose(1, 2).reshape(shape)


@cache
def _xformers_operations() -> ModuleType:
    """Import xformers, an optional package; raise ImportError where there is none.

    Its wheels are built for CUDA 12. Beside a torch for CUDA 13 they find no runtime library, so
    that the one of NVIDIA's own package is loaded first, where that is installed.
    """
    with suppress(PackageNotFoundError, OSError):
        for file in files(CUDA_12_RUNTIME) or ():
            if file.name.startswith("libcudart.so"):
                ctypes.CDLL(str(file.locate()), ctypes.RTLD_GLOBAL)
    return import_module("xformers.ops")


@torch.library.custom_op(
    "mutoscope::xformers_attention",
    mutates_args=(),
    schema="(Tensor query, Tensor key, Tensor value, int heads) -> Tensor",
)
def _xformers(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    operations = _xformers_operations()
    split = [
        tensor.view(tensor.shape[0], tensor.shape[1], heads, -1) for tensor in (query, key, value)
    ]
    result: Tensor = operations.memory_efficient_attention(*split)
    return result.reshape(query.shape)


@_xformers.register_fake
def _xformers_shape(query: Tensor, _key: Tensor, _value: Tensor, _heads: int) -> Tensor:
    return torch.empty_like(query, memory_format=torch.contiguous_format)


def xformers(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attend with xformers; raise ModuleNotFoundError where it is not installed.

    It is an operator of its own, so that a region around it is compiled as one graph.
    """
    result: Tensor = _xformers(query, key, value, heads)
    return result


def _split_heads(tensor: Tensor, heads: int) -> Tensor:
    batch, tokens, channels = tensor.shape
    return tensor.view(batch, tokens, heads, channels // heads).transpose(1, 2)


KERNELS: dict[str, Kernel] = {
    "sdpa": sdpa,
    "plain": plain,
    "together": together,
    "xformers": xformers,
}

"""Tally: the memory that operations on PyTorch's meta device would take on a GPU.

Every storage is counted from its first tensor to its last. What kernels take for themselves is not
seen.
"""

from __future__ import annotations

import weakref
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

BLOCK = 512
"""A GPU's allocator gives memory in blocks of so many bytes."""


class Tally(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's class is untyped
    """Counts the bytes that live at a time, and their peak, while it is on."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()  # type: ignore[no-untyped-call]  # torch's class is untyped
        self.now: int = 0
        self.peak: int = 0
        self._known: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operation, in its parts where it has such, and count what it made."""
        given = kwargs or {}
        if func is ATTENTION:
            result = attended(args[0], args[2])
        elif func is CONVOLUTION:
            result = self._convolved(*args, **given)
        elif torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), COMPOSITE):
            with self:
                return func.decompose(*args, **given)
        else:
            result = func(*args, **given)
        tree_map_only(Tensor, self.count, result)
        return result

    def _convolved(self, maps: Tensor, weight: Tensor, *rest: Any) -> Tensor:
        """Convolve as a GPU does: in the weight's memory order, with a copy of other maps."""
        if inner(weight) and not inner(maps):
            maps = maps.contiguous(memory_format=torch.channels_last)
            self.count(maps)
        result = cast(Tensor, CONVOLUTION(maps, weight, *rest))
        if inner(weight):
            return result.contiguous(memory_format=torch.channels_last)
        return result

    def hold(self, *modules: nn.Module) -> None:
        """Count the weights of modules that are there already."""
        for module in modules:
            for tensor in (*module.parameters(), *module.buffers()):
                self.count(tensor)

    def count(self, tensor: Tensor) -> None:
        """Count a tensor's storage until it goes."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known:
            return
        self._known[key] = -(-storage.nbytes() // BLOCK) * BLOCK
        self.now += self._known[key]
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._drop, key)

    def _drop(self, key: int) -> None:
        self.now -= self._known.pop(key)


ATTENTION = torch.ops.aten.scaled_dot_product_attention.default
CONVOLUTION = torch.ops.aten.convolution.default
COMPOSITE = "CompositeImplicitAutograd"


def inner(maps: Tensor) -> bool:
    """Tell whether maps or weights (n, c, h, w) keep their channels innermost."""
    last = maps.dim() == 4 and maps.is_contiguous(memory_format=torch.channels_last)
    return last and not maps.is_contiguous()


def attended(query: Tensor, value: Tensor) -> Tensor:
    """Return what a fused kernel of a GPU gives: nothing but the result, heads side by side."""
    batch, heads, tokens, _ = query.shape
    return query.new_empty(batch, tokens, heads, value.shape[-1]).transpose(1, 2)

"""Copies to a GPU that run beside its computations, on a stream of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor


@dataclass(frozen=True)
class PendingCopy:
    """Tensors whose copies were begun, and the event after the last of them."""

    tensors: tuple[Tensor, ...]
    event: torch.cuda.Event


class CopyStream:
    """The stream of a device on which weights are brought while another layer computes.

    What is brought waits for the layer whose end was marked: dropped weights that a layer may still
    need are memory that nothing else gets.
    """

    def __init__(self, device: torch.device) -> None:
        """Make the stream."""
        self._device = device
        self._stream: torch.cuda.Stream = cast(Any, torch.cuda).Stream(device)
        self._end: torch.cuda.Event | None = None

    def begin(self, copy: Callable[[], Iterable[Tensor]]) -> PendingCopy:
        """Begin copies, once the layer has run whose end was marked, and do not wait for them.

        Raise what the allocator does for want of memory.
        """
        if self._end is not None:
            self._end.synchronize()
        with torch.cuda.stream(self._stream):
            tensors = tuple(copy())
            event: torch.cuda.Event = cast(Any, torch.cuda).Event()
            event.record(self._stream)
        return PendingCopy(tensors, event)

    def mark_end(self) -> None:
        """Note that all work of a layer is queued, and its weights were dropped."""
        self._end = cast(Any, torch.cuda).Event()
        self._end.record(torch.cuda.current_stream(self._device))

    def wait(self, pending: PendingCopy) -> None:
        """Let what the device computes from now on wait for copies, and use their memory.

        The host does not wait.
        """
        current = torch.cuda.current_stream(self._device)
        current.wait_event(pending.event)
        for tensor in pending.tensors:
            tensor.record_stream(current)  # it is not given away before the layer has run

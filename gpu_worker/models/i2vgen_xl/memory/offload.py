"""Modules whose weights stay in the host's memory and are on the device only while they run.

Weights do not change, so that the device's copies are dropped and never copied back. Pages that are
locked in the host's memory are copied to a GPU several times as fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import torch
from torch import Tensor, nn


class OffloadedModules:
    """Modules on the host that can be copied to one device; on a CPU nothing is moved."""

    def __init__(self, modules: Iterable[nn.Module], device: torch.device) -> None:
        """Copy the modules' tensors to the host."""
        self.device = device
        self.modules = tuple(modules)
        self.refresh()

    def refresh(self) -> None:
        """Copy the modules' current tensors to the host, after others took their places."""
        found = [] if self.device.type == "cpu" else list(_tensors(self.modules))
        copies = {id(tensor): _host_copy(tensor, self.device) for _, _, tensor in found}
        self._host = [(table, name, copies[id(tensor)]) for table, name, tensor in found]
        self.to_host()

    def to_device(self) -> None:
        """Copy the modules to the device, behind the work that is queued there."""
        copies: dict[int, Tensor] = {}
        for table, name, host in self._host:
            if id(host) not in copies:
                copies[id(host)] = _like(host, host.data.to(self.device, non_blocking=True))
            table[name] = copies[id(host)]

    def to_host(self) -> None:
        """Drop the device's copies, as soon as no work that is queued there needs them."""
        for table, name, host in self._host:
            table[name] = host

    @contextmanager
    def on_device(self) -> Iterator[None]:
        """Keep the modules on the device for a while, and drop them after an error too."""
        try:
            self.to_device()
            yield
        finally:
            self.to_host()


def offload(layers: list[nn.Module], device: torch.device) -> list[OffloadedModules]:
    """Offload layers, each of which is copied to the device before it runs and dropped after."""
    offloaded = []
    for layer in layers:
        module = OffloadedModules([layer], device)
        offloaded.append(module)
        layer.register_forward_pre_hook(lambda *_given, module=module: module.to_device())
        layer.register_forward_hook(lambda *_given, module=module: module.to_host())
    return offloaded


def _tensors(modules: Iterable[nn.Module]) -> Iterable[tuple[dict[str, Any], str, Tensor]]:
    """Yield every tensor of the modules with the table and the name that it is kept under."""
    for module in {id(part): part for one in modules for part in one.modules()}.values():
        for table in (module._parameters, module._buffers):
            for name, tensor in table.items():
                if tensor is not None:
                    yield cast(dict[str, Any], table), name, tensor


def _host_copy(tensor: Tensor, device: torch.device) -> Tensor:
    copy = tensor.data.to("cpu")
    if device.type == "cuda":
        with suppress(RuntimeError):  # no more pages can be locked: slower, but no less right
            copy = copy.pin_memory()
    return _like(tensor, copy)


def _like(tensor: Tensor, data: Tensor) -> Tensor:
    parameter = isinstance(tensor, nn.Parameter)
    return nn.Parameter(data, requires_grad=False) if parameter else data

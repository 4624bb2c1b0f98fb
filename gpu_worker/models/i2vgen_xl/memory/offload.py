"""Modules whose weights stay in the host's memory and are on the device only while they run.

Weights do not change, so that the device's copies are dropped and never copied back. Pages that are
locked in the host's memory are copied to a GPU several times as fast, and beside what it computes:
each of several layers is brought while the one before it runs, so that two are there at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from gpu_worker.models.i2vgen_xl.hardware.host_memory import may_lock
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import release_after, retry_once
from gpu_worker.models.i2vgen_xl.memory.copy_stream import CopyStream, PendingCopy

T = TypeVar("T")


class OffloadedModules:
    """Modules on the host that can be copied to one device; on a CPU nothing is moved."""

    def __init__(
        self, modules: Iterable[nn.Module], device: torch.device, lock: bool | None = None
    ) -> None:
        """Copy the modules' tensors to the host; lock says whether their pages are locked there.

        None: where the host has the memory for that.
        """
        self.device = device
        self.modules = tuple(modules)
        self._lock = lock
        self._stream: CopyStream | None = None
        self._pending: PendingCopy | None = None
        self.refresh()

    def refresh(self) -> None:
        """Copy the modules' current tensors to the host, after others took their places."""
        found = [] if self.device.type == "cpu" else list(_tensors(self.modules))
        locked = _may_lock(self.modules, self.device) if self._lock is None else self._lock
        copies = {id(tensor): _host_copy(tensor, locked) for _, _, tensor in found}
        self._pending = None
        self._host = [(table, name, copies[id(tensor)]) for table, name, tensor in found]
        self.to_host()

    def to_device(self) -> None:
        """Copy the modules to the device, behind the work that is queued there.

        Copies that were begun beside that work are only waited for.
        """
        pending, self._pending = self._pending, None
        if pending is not None and self._stream is not None:
            self._stream.wait(pending)
        tensors = self._copied() if pending is None else pending.tensors
        copies = iter(tensors)
        placed: dict[int, Tensor] = {}
        for table, name, host in self._host:
            if id(host) not in placed:
                placed[id(host)] = _like(host, next(copies))
            table[name] = placed[id(host)]

    def prefetch(self, stream: CopyStream) -> None:
        """Begin to copy the modules to the device, beside what is computed there.

        Where there is no memory for that, they are copied when they run.
        """
        if self._pending is not None:
            return
        self._stream = stream
        try:
            self._pending = stream.begin(self._copied)
        except (RuntimeError, MemoryError) as error:
            release_after(error, self.device)

    def _copied(self) -> list[Tensor]:
        """Return the device's copies of the modules' tensors, each once."""
        hosts = {id(host): host for *_, host in self._host}
        return [host.data.to(self.device, non_blocking=True) for host in hosts.values()]

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

    def run(self, call: Callable[[torch.device], T]) -> T:
        """Call with the modules on their device, or on the host where they do not fit there."""

        def on_device() -> T:
            with self.on_device():
                return call(self.device)

        try:
            return retry_once(on_device, self.device)
        except (RuntimeError, MemoryError) as error:
            release_after(error, self.device)
        return call(torch.device("cpu"))


def offload(layers: list[nn.Module], device: torch.device) -> list[OffloadedModules]:
    """Offload layers, which run in this order; each is on the device only for that.

    On a GPU a layer's copies are begun when the one before it is about to run, and the one before
    that has run. The host's pages are locked for all layers or for none.
    """
    stream = CopyStream(device) if device.type == "cuda" else None
    lock = _may_lock(layers, device)
    offloaded = [OffloadedModules([layer], device, lock) for layer in layers]
    for layer, module, following in zip(layers, offloaded, [*offloaded[1:], None], strict=True):
        layer.register_forward_pre_hook(_arrival(module, following, stream))
        layer.register_forward_hook(_departure(module, stream))
    return offloaded


def _arrival(
    module: OffloadedModules, following: OffloadedModules | None, stream: CopyStream | None
) -> Callable[..., None]:
    """Return a hook that brings one layer, and begins to bring the one that runs after it."""

    def arrive(*_given: object) -> None:
        module.to_device()
        if stream is not None and following is not None:
            following.prefetch(stream)

    return arrive


def _departure(module: OffloadedModules, stream: CopyStream | None) -> Callable[..., None]:
    """Return a hook that drops a layer which has run."""

    def depart(*_given: object) -> None:
        module.to_host()
        if stream is not None:
            stream.mark_end()

    return depart


def _may_lock(modules: Iterable[nn.Module], device: torch.device) -> bool:
    """Tell whether the host has the memory to lock the pages of all modules at once."""
    if device.type != "cuda":
        return False
    found = {id(one): one.numel() * one.element_size() for *_, one in _tensors(modules)}
    return may_lock(sum(found.values()))


def _tensors(modules: Iterable[nn.Module]) -> Iterable[tuple[dict[str, Any], str, Tensor]]:
    """Yield every tensor of the modules with the table and the name that it is kept under."""
    for module in {id(part): part for one in modules for part in one.modules()}.values():
        for table in (module._parameters, module._buffers):
            for name, tensor in table.items():
                if tensor is not None:
                    yield cast(dict[str, Any], table), name, tensor


def _host_copy(tensor: Tensor, locked: bool) -> Tensor:
    copy = tensor.data.to("cpu")
    if locked:
        with suppress(RuntimeError):  # no more pages can be locked: slower, but no less right
            copy = copy.pin_memory()
    return _like(tensor, copy)


def _like(tensor: Tensor, data: Tensor) -> Tensor:
    parameter = isinstance(tensor, nn.Parameter)
    return nn.Parameter(data, requires_grad=False) if parameter else data

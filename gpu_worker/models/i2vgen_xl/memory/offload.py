"""Offload: weights that wait in the host's memory and visit the device only to be used.

Weights do not change, so that nothing is copied back: what visits is dropped again. Pages that are
locked in the host's memory make the way to a GPU several times as quick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import torch
from torch import Tensor, nn


class Guests:
    """Modules that live on the host and visit one device."""

    def __init__(self, modules: Iterable[nn.Module], device: torch.device) -> None:
        """Send the modules' tensors home; on a host's processor there is nowhere to go."""
        self.device = device
        self.modules = tuple(modules)
        self.settle()

    def settle(self) -> None:
        """Send home what the modules' tensors are by now, since other ones took their places."""
        found = [] if self.device.type == "cpu" else list(_places(self.modules))
        homes = {id(tensor): _home(tensor, self.device) for _, _, tensor in found}
        self.places = [(owner, name, homes[id(tensor)]) for owner, name, tensor in found]
        self.leave()

    def come(self) -> None:
        """Bring the modules to the device, behind what already waits to be run there."""
        here: dict[int, Tensor] = {}
        for owner, name, home in self.places:
            if id(home) not in here:
                here[id(home)] = _like(home, home.data.to(self.device, non_blocking=True))
            owner[name] = here[id(home)]

    def leave(self) -> None:
        """Drop what is on the device, as soon as nothing there needs it any more."""
        for owner, name, home in self.places:
            owner[name] = home

    @contextmanager
    def visiting(self) -> Iterator[None]:
        """Let the modules be on the device for a while; they leave after a fault too."""
        try:
            self.come()
            yield
        finally:
            self.leave()


def offload(layers: list[nn.Module], device: torch.device) -> list[Guests]:
    """Move layers to the host; each comes to the device before it runs and leaves after."""
    everyone = []
    for layer in layers:
        guests = Guests([layer], device)
        everyone.append(guests)

        def come(_module: nn.Module, _inputs: Any, guests: Guests = guests) -> None:
            guests.come()

        def leave(_module: nn.Module, _inputs: Any, _output: Any, guests: Guests = guests) -> None:
            guests.leave()

        layer.register_forward_pre_hook(come)
        layer.register_forward_hook(leave)
    return everyone


def _places(modules: Iterable[nn.Module]) -> Iterable[tuple[dict[str, Any], str, Tensor]]:
    """Yield every tensor of the modules with the table and the name that it stands under."""
    for module in {id(part): part for one in modules for part in one.modules()}.values():
        for table in (module._parameters, module._buffers):
            for name, tensor in table.items():
                if tensor is not None:
                    yield cast(dict[str, Any], table), name, tensor


def _home(tensor: Tensor, device: torch.device) -> Tensor:
    home = tensor.data.to("cpu")
    if device.type == "cuda":
        with suppress(RuntimeError):  # no more pages can be locked: slower, but no less right
            home = home.pin_memory()
    return _like(tensor, home)


def _like(tensor: Tensor, data: Tensor) -> Tensor:
    parameter = isinstance(tensor, nn.Parameter)
    return nn.Parameter(data, requires_grad=False) if parameter else data

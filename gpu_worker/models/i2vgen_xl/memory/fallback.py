"""Ladder: what is given up, one rung after another, when memory runs out in mid-clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import torch

from gpu_worker.models.i2vgen_xl.memory import out_of_memory as faults
from gpu_worker.models.i2vgen_xl.memory.eight_bit import shrink
from gpu_worker.models.i2vgen_xl.memory.estimator import Saving
from gpu_worker.models.i2vgen_xl.memory.offload import Guests, offload
from gpu_worker.models.i2vgen_xl.sampling.denoise import Thrift
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from storage.domain.clip import Adjustment

SLICES = 8
"""Into how many pieces the feed-forward networks cut their rows where memory is short."""

RESTING = {"cuda": 4}
"""The same while there is memory enough: so many cost no time on the device."""


class Rung(StrEnum):
    """The rungs in their order; only the last two change what is computed."""

    SLICES = "slices"
    HALVES = "halves"
    OFFLOAD = "offload"
    EIGHT_BIT = "eight_bit"
    SMALLER = "smaller"


class Smaller(Exception):
    """Raised on the last rung: the clip has to be begun again at a smaller size."""


@dataclass
class Ladder:
    """Climbs for one clip; told is what the person should hear of it.

    A step that fails is first taken again as it is, with caches freed. Only a step that fails
    twice makes the ladder climb.
    """

    unet: UNet
    thrift: Thrift
    device: torch.device
    told: list[Adjustment] = field(default_factory=list)
    rungs: list[Rung] = field(default_factory=lambda: list(Rung))
    spoiled: bool = False
    _away: list[Guests] = field(default_factory=list)
    _failed: int | None = None

    def __post_init__(self) -> None:
        """Leave out what brings nothing on a host without a device."""
        if self.device.type == "cpu":
            self.rungs.remove(Rung.OFFLOAD)

    def rescue(self, index: int, error: Exception) -> None:
        """Make it possible to take step `index` again, or raise the error, or Smaller."""
        if not faults.lacks_memory(error):
            raise error
        error.__traceback__ = None  # its frames hold the tensors that did not fit
        faults.release(self.device)
        if self._failed != index:
            self._failed = index
            return
        self.climb()

    def foresee(self, saving: Saving) -> None:
        """Give up beforehand what the estimate says will not fit; nobody needs to be told."""
        if saving is not Saving.NONE:
            self.slice()
        if saving in (Saving.HALVES, Saving.EIGHT_BIT):
            self.part()
        if saving is Saving.EIGHT_BIT and not self.spoiled:
            self.shrink()
            self.told.append(Adjustment(f"adjusted_{Rung.EIGHT_BIT.value}"))

    def climb(self) -> None:
        """Take the next rung; raise Smaller on the last."""
        rung = self.rungs.pop(0)
        ACTIONS[rung](self)
        self.told.append(Adjustment(f"adjusted_{rung.value}"))

    def shrunk_to(self, width: int, height: int) -> None:
        """Take up that the clip is begun again at a smaller size; what was given up stays so."""
        size = (("width", str(width)), ("height", str(height)))
        key = f"adjusted_{Rung.SMALLER.value}"
        self.told = [note for note in self.told if note.key != key]
        self.told.append(Adjustment(key, size))
        self.rungs = [rung for rung in Rung if rung in self.rungs or rung is Rung.SMALLER]
        self._failed = None

    def slice(self) -> None:
        """Run the feed-forward networks in slices."""
        self.unet.slice(SLICES)

    def part(self) -> None:
        """Run guidance one half at a time."""
        self.thrift.halves_apart = True

    def send_away(self) -> None:
        """Let layers wait in the host's memory."""
        self._plain()
        self._away = offload([*self.unet.layers()], self.device)
        self.spoiled = True

    def shrink(self) -> None:
        """Keep weights as bytes."""
        self._plain()
        shrink(self.unet)
        for guests in self._away:
            guests.settle()
        self.spoiled = True

    def give_up(self) -> None:
        """Ask for a smaller clip."""
        raise Smaller

    def _plain(self) -> None:
        """Run layers uncompiled from now on: nothing is compiled for weights that go again."""
        for module in self.unet.modules():
            module._compiled_call_impl = None


def rest(device: torch.device) -> int:
    """Return into how many pieces rows are cut as long as nothing is short."""
    return RESTING.get(device.type, 1)


ACTIONS: dict[Rung, Callable[[Ladder], None]] = {
    Rung.SLICES: Ladder.slice,
    Rung.HALVES: Ladder.part,
    Rung.OFFLOAD: Ladder.send_away,
    Rung.EIGHT_BIT: Ladder.shrink,
    Rung.SMALLER: Ladder.give_up,
}

"""What a worker's life cost, and how that is shared out among the clips that it made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerLife:
    """One worker from the start of its process, in unix seconds by its own clock.

    id is its own even where two workers have one name. offer is the row of the price list by which
    it is billed, empty for none. ready is when its model was loaded, 0.0 before. seen is the latest
    time at which it ran; once it has ended, its end. model is the catalogue row that it serves.
    """

    id: str
    worker: str
    offer: str
    started: float
    ready: float
    seen: float
    ended: bool = False
    model: str = ""

    @property
    def seconds(self) -> float:
        """Return for how long it ran."""
        return max(0.0, self.seen - self.started)

    @property
    def start_seconds(self) -> float:
        """Return how much of that was its start."""
        return max(0.0, min(self.ready or self.seen, self.seen) - self.started)


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount of a worker's time, of which some was its start, and the money for it."""

    seconds: float
    start_seconds: float
    money: float


@dataclass(frozen=True, slots=True)
class ClipBill:
    """What one clip cost beside its own GPU seconds, and the money for all of it.

    start_seconds and idle_seconds are its shares of the time in which its worker loaded the model,
    and in which it had nothing to do or made what became no clip.
    """

    start_seconds: float
    idle_seconds: float
    money: float


def share_out(charge: Charge, clip_seconds: Sequence[float]) -> list[ClipBill]:
    """Return the bills of the clips that were made in this time, by the seconds of each."""
    whole = sum(clip_seconds)
    idle = max(0.0, charge.seconds - charge.start_seconds - whole)
    shares = [seconds / whole if whole else 1 / len(clip_seconds) for seconds in clip_seconds]
    return [
        ClipBill(charge.start_seconds * share, idle * share, charge.money * share)
        for share in shares
    ]

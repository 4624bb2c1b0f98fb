"""Meter: time, memory and arithmetic of a device, measured turn by turn."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

PEAK_FILE = Path("/proc/self/clear_refs")
STATUS_FILE = Path("/proc/self/status")


Clock = Callable[[], float]


@dataclass
class Turns:
    """Seconds and peak bytes of several things that take turns."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Return the median of the seconds of one of them."""
        return statistics.median(self.seconds[name])

    def peak(self, name: str) -> float:
        """Return the largest peak of one of them in bytes."""
        return max(self.peaks[name])

    def ratio(self, first: str, second: str) -> float:
        """Return the median of the first's seconds over the second's, round by round."""
        pairs = zip(self.seconds[first], self.seconds[second], strict=True)
        return statistics.median(one / other for one, other in pairs)


def take_turns(
    device: torch.device,
    calls: Mapping[str, Callable[[], Any]],
    rounds: int,
    clock: Clock = time.perf_counter,
    seat: Callable[[str], None] = lambda _name: None,
) -> Turns:
    """Call each in turn, `rounds` times, after one round that counts for nothing on a GPU.

    seat is told, outside of the time, whose turn comes next.
    """
    turns = Turns({name: [] for name in calls}, {name: [] for name in calls})
    for turn in range(rounds + (device.type == "cuda")):
        # Every other round runs backwards, so that none is always the one that comes later.
        for name, call in list(calls.items())[:: 1 if turn % 2 == 0 else -1]:
            seat(name)
            seconds, peak = once(device, call, clock)
            if turn >= (device.type == "cuda"):
                turns.seconds[name].append(seconds)
                turns.peaks[name].append(peak)
    return turns


def once(
    device: torch.device, call: Callable[[], Any], clock: Clock = time.perf_counter
) -> tuple[float, float]:
    """Return seconds and peak bytes of one call."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    reset_peak(device)
    began = clock()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - began, peak_bytes(device)


def reset_peak(device: torch.device) -> None:
    """Forget the peak so far."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    elif PEAK_FILE.exists():
        PEAK_FILE.write_text("5")


def peak_bytes(device: torch.device) -> float:
    """Return the peak since it was reset: of the device, or of this process on the host."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    return resident("VmHWM")


def resident(name: str = "VmRSS") -> float:
    """Return a line of this process's status in bytes."""
    for line in STATUS_FILE.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1]) * 1024
    return 0.0


def matrix_peak(device: torch.device, dtype: torch.dtype, clock: Clock) -> float:
    """Return the best rate of large matrix products in FLOP per second."""
    # On a GPU several products, or their start and the waiting would count too.
    side, times = (8192, 20) if device.type == "cuda" else (1536, 1)
    first, second = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))

    def multiply() -> None:
        for _ in range(times):
            torch.mm(first, second)

    best = min(once(device, multiply, clock)[0] for _ in range(6))
    return 2.0 * side**3 * times / best


def operations(call: Callable[[], Any]) -> float:
    """Count the floating-point operations of a call."""
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())

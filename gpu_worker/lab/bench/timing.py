"""Measures seconds and peak memory of calls, alternately, and a device's matrix products."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

PEAK_FILE = Path("/proc/self/clear_refs")
STATUS_FILE = Path("/proc/self/status")

Clock = Callable[[], float]


@dataclass(frozen=True)
class Timings:
    """Seconds and peak bytes of several calls, by name, round by round."""

    seconds: dict[str, list[float]]
    peaks: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Return the median of the seconds of one call."""
        return statistics.median(self.seconds[name])

    def peak(self, name: str) -> float:
        """Return the largest peak of one call in bytes."""
        return max(self.peaks[name])

    def ratio(self, first: str, second: str) -> float:
        """Return the median of the first's seconds over the second's, round by round."""
        pairs = zip(self.seconds[first], self.seconds[second], strict=True)
        return statistics.median(one / other for one, other in pairs)


def alternate(
    device: torch.device,
    calls: Mapping[str, Callable[[], Any]],
    rounds: int,
    clock: Clock = time.perf_counter,
    prepare: Callable[[str], None] = lambda _name: None,
) -> Timings:
    """Run all calls `rounds` times, on a GPU after one round that does not count.

    prepare is called with each name before its call, outside of the time.
    """
    timings = Timings({name: [] for name in calls}, {name: [] for name in calls})
    warmups = int(device.type == "cuda")
    for number in range(rounds + warmups):
        # Every other round runs backwards, so that no call is always the later one.
        for name, call in list(calls.items())[:: 1 if number % 2 == 0 else -1]:
            prepare(name)
            seconds, peak = measure_once(device, call, clock)
            if number >= warmups:
                timings.seconds[name].append(seconds)
                timings.peaks[name].append(peak)
    return timings


def measure_once(
    device: torch.device, call: Callable[[], Any], clock: Clock = time.perf_counter
) -> tuple[float, float]:
    """Return seconds and peak bytes of one call."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    _reset_peak(device)
    began = clock()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - began, _peak_bytes(device)


def _reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    elif PEAK_FILE.exists():
        PEAK_FILE.write_text("5")


def _peak_bytes(device: torch.device) -> float:
    """Return the peak since it was reset: of the device, or of this process on a CPU."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    return resident_bytes("VmHWM")


def resident_bytes(name: str = "VmRSS") -> float:
    """Return a line of this process's status in bytes."""
    for line in STATUS_FILE.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1]) * 1024
    return 0.0


def matrix_flops(device: torch.device, dtype: torch.dtype, clock: Clock) -> float:
    """Return the best rate of large matrix products in operations per second."""
    # On a GPU several products, or launching and synchronizing would count too.
    side, times = (8192, 20) if device.type == "cuda" else (1536, 1)
    first, second = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))

    def multiply() -> None:
        for _ in range(times):
            torch.mm(first, second)

    best = min(measure_once(device, multiply, clock)[0] for _ in range(6))
    return 2.0 * side**3 * times / best

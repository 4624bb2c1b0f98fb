"""What a process has used so far, from Linux's /proc."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Processor time in seconds and bytes read (cached ones included), at a monotonic time."""

    at: float
    cpu: float
    read: int

    @classmethod
    def of(cls, pid: int) -> ProcessUsage:
        """Read the usage of a running process."""
        folder = Path(f"/proc/{pid}")
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        io = dict(line.split(": ") for line in (folder / "io").read_text().splitlines())
        cpu = (int(fields[11]) + int(fields[12])) / TICKS
        return cls(time.monotonic(), cpu, int(io["rchar"]))

    def cpu_share(self, earlier: ProcessUsage) -> float:
        """Return how much of one core was used since then."""
        return (self.cpu - earlier.cpu) / (self.at - earlier.at)

    def read_per_second(self, earlier: ProcessUsage) -> float:
        """Return how many bytes were read a second since then."""
        return (self.read - earlier.read) / (self.at - earlier.at)

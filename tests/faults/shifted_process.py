"""Runs a module whose clock can be set off from outside.

`python -m tests.faults.shifted_process MODULE`: CLOCK_FILE names a file of one double, the seconds
by which time.time() is off, read at each call.
"""

from __future__ import annotations

import mmap
import os
import runpy
import struct
import sys
import time
from pathlib import Path

OFFSET = struct.Struct("d")


def set_clock(path: Path, seconds: float) -> None:
    """Set the clock of the processes that read this file off."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.write(OFFSET.pack(seconds))


def install(path: Path) -> None:
    """Shift time.time() by what the file says from now on."""
    with path.open("rb") as file:
        offset = mmap.mmap(file.fileno(), OFFSET.size, access=mmap.ACCESS_READ)
    true_time = time.time
    time.time = lambda: true_time() + float(OFFSET.unpack_from(offset)[0])


if __name__ == "__main__":
    install(Path(os.environ["CLOCK_FILE"]))
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)

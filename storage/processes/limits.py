"""What a child process takes from itself before it works on what people send."""

from __future__ import annotations

import contextlib
import os
import resource
import warnings
from pathlib import Path

NICENESS = 5  # so that the parent answers in time, whatever is worked on


def limit_resources(memory: int) -> None:
    """Bound the address space (bytes), write no files or core dumps, and give way to others."""
    os.nice(NICENESS)
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # a system that bounds it less, or not
            resource.setrlimit(limit, (value, value))
    with contextlib.suppress(OSError):  # Linux only
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    warnings.simplefilter("ignore")  # metadata can be made to give a hundred thousand
    with Path(os.devnull).open("w", encoding="ascii") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # what libraries complain about goes nowhere

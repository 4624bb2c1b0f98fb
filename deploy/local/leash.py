"""A leash between a process and those it starts: none outlives it, even when it is killed."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Have SIGTERM sent here when the parent ends, however it ends; Linux alone can do that.

    Runs in the child, between fork and exec, as a preexec_fn.
    """
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

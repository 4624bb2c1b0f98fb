"""Orphans: lets no child process outlive the one that started it, however that one ends."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1
LIBRARY = ctypes.CDLL(None)  # loaded here: between fork and exec nothing may take a lock


def die_with_parent() -> None:
    """Ask Linux, from within a new child, for a SIGTERM when its parent ends; elsewhere nothing."""
    if sys.platform == "linux":
        LIBRARY.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

"""Faults: telling a lack of memory from every other error that a device raises."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")

SIGNS = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "could not create a memory",
    "could not create a primitive",
    "failed to allocate",
    "alloc_failed",
    "mmap",
)
"""What libraries say on a host or a device that has no memory left."""


def lacks_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in SIGNS)


def release(device: torch.device) -> None:
    """Give back what is cached but not used."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    _trim()


def _trim() -> None:
    """Let the C library give back what it keeps of the host's memory, where it can."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other libraries have none
        if trim is not None:
            trim(0)


def twice(call: Callable[[], T], device: torch.device) -> T:
    """Call; where memory runs out, free what is cached and call once more."""
    try:
        return call()
    except (RuntimeError, MemoryError) as error:
        if not lacks_memory(error):
            raise
        error.__traceback__ = None  # its frames hold the tensors that did not fit
    release(device)
    return call()

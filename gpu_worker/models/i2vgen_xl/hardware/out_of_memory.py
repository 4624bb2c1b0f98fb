"""Recognition of errors that mean a lack of memory, and a second try after one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from gpu_worker.models.i2vgen_xl.hardware.device import release_cached_memory

T = TypeVar("T")

MESSAGES = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "could not create a memory",
    "could not create a primitive",
    "failed to allocate",
    "alloc_failed",
    "mmap",
    "unable to find an engine",
    "cudnn_status_internal_error",
    "cudnn_status_not_initialized",
    "cublas_status_not_initialized",
    "nvml_success == r",
)
"""What libraries say on a host or a device that has no memory left.

cuDNN and cuBLAS report their own lack of it as an internal error, as not being initialised, or as
not finding an engine; the caching allocator then fails to ask NVML who holds the rest.
"""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(message in text for message in MESSAGES)


def release_after(error: BaseException, device: torch.device) -> None:
    """Release what a failed call held; raise the error again if it is no lack of memory."""
    if not is_out_of_memory(error):
        raise error
    error.__traceback__ = None  # its frames hold the tensors that did not fit
    release_cached_memory(device)


def retry_once(call: Callable[[], T], device: torch.device) -> T:
    """Call; where memory runs out, release what is cached and call once more."""
    try:
        return call()
    except (RuntimeError, MemoryError) as error:
        release_after(error, device)
    return call()

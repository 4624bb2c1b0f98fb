"""Devices and number formats by the names that settings use, and freeing of cached memory."""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path

import torch

from gpu_worker.engine.api import NotUsable

CACHE = Path("~/.cache/mutoscope")
"""The folder of what was measured or compiled for this machine's devices."""


def resolve_device(name: str = "auto") -> torch.device:
    """Return the device that a setting names; `auto` is the first GPU or else the CPU.

    Raise NotUsable where this machine has no such GPU.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda"):
        number, found = int(name.partition(":")[2] or 0), torch.cuda.device_count()
        if number >= found:
            raise NotUsable(f"DEVICE={name}: torch finds {found} CUDA GPUs on this machine")
    return torch.device(name)


def resolve_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the number format that a setting names: auto, fp16, bf16 or fp32."""
    if name == "auto":
        name = "fp16" if device.type == "cuda" else "fp32"
    return {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}[name]


def device_name(device: torch.device) -> str:
    """Return the GPU's product name, or `processor`."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"


def release_cached_memory(device: torch.device) -> None:
    """Give back memory that Python, torch and the C library cache but do not use."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # only glibc has it
        if trim is not None:
            trim(0)

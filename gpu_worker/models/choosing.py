"""Choosing: devices, number formats and attention kernels from what is there."""

from __future__ import annotations

import torch

from gpu_worker.models.attention import KERNELS, Attention, Kind

HOST = {Kind.SPATIAL: "sdpa", Kind.CROSS: "sdpa", Kind.TEMPORAL: "plain"}
"""What was measured to be quickest on a host's processor; fixed, so that clips stay the same."""


def device(name: str = "auto") -> torch.device:
    """Return the device that a setting names; `auto` is the first GPU or else the processor."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def dtype(name: str, on: torch.device) -> torch.dtype:
    """Return the number format that a setting names: auto, fp16, bf16 or fp32."""
    if name == "auto":
        name = "fp16" if on.type == "cuda" else "fp32"
    return {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}[name]


def attention(name: str) -> Attention:
    """Return the kernels for a setting other than `auto` on a GPU; raise KeyError if unknown."""
    if name == "auto":
        return Attention(HOST)
    if name not in KERNELS:
        raise KeyError(name)
    return Attention.uniform(name)

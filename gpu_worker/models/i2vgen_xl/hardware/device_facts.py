"""What a device is: its memory, its number formats, and whether it runs compiled code."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gpu_worker.models.i2vgen_xl.hardware.device import device_name
from gpu_worker.models.i2vgen_xl.hardware.host_memory import available_host_bytes

BF16_SINCE = (8, 0)
FP8_SINCE = (8, 9)
COMPILED_SINCE = (7, 0)
"""The compute capabilities from which a card has what it is named after; Triton makes code for none
before the last."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What decides how a device is used.

    memory is in bytes, of a processor what this process may still take; 0 where it is not known.
    capability is NVIDIA's compute capability, None for any other device.
    """

    name: str
    kind: str
    memory: float
    capability: tuple[int, int] | None = None

    @classmethod
    def of(cls, device: torch.device) -> DeviceFacts:
        """Ask a device."""
        if device.type == "cuda":
            properties = torch.cuda.get_device_properties(device)
            return cls(
                device_name(device), device.type, float(properties.total_memory), capability(device)
            )
        if device.type == "mps":
            return cls("Apple GPU", device.type, float(torch.mps.recommended_max_memory()))
        if device.type == "xpu":
            found = torch.xpu.get_device_properties(device)
            return cls(found.name, device.type, float(found.total_memory))
        return cls(device_name(device), device.type, available_host_bytes() or 0.0)

    @property
    def is_gpu(self) -> bool:
        """Tell whether the device has memory of its own."""
        return self.kind != "cpu"

    @property
    def memory_gib(self) -> float:
        """Return the memory in GiB."""
        return self.memory / 2**30

    @property
    def formats(self) -> tuple[str, ...]:
        """Return the number formats that the device computes in by itself, the widest first."""
        found = ["fp32"]
        if self.is_gpu:
            found.append("fp16")
        if _since(self.capability, BF16_SINCE):
            found.append("bf16")
        if self.capability is not None and self.capability >= FP8_SINCE:
            found.append("fp8")
        return tuple(found)


def capability(device: torch.device) -> tuple[int, int] | None:
    """Return a card's compute capability; None for any device that is not NVIDIA's."""
    if device.type != "cuda" or torch.version.hip is not None:
        return None
    return torch.cuda.get_device_capability(device)


def has_bf16(device: torch.device) -> bool:
    """Tell whether a device computes in bf16; an older card emulates it many times as slowly."""
    return _since(capability(device), BF16_SINCE)


def runs_compiled(device: torch.device) -> bool:
    """Tell whether layers can be compiled for a device."""
    return device.type == "cuda" and _since(capability(device), COMPILED_SINCE)


def _since(found: tuple[int, int] | None, first: tuple[int, int]) -> bool:
    return found is None or found >= first

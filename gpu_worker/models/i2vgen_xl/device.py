"""Choosing: devices, number formats and attention kernels from what is there."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gpu_worker.models.i2vgen_xl.memory import out_of_memory as faults
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS, Attention, Kind

HOST = {Kind.SPATIAL: "sdpa", Kind.CROSS: "sdpa", Kind.TEMPORAL: "plain"}
"""What was measured to be quickest on a host's processor; fixed, so that clips stay the same."""

CACHE = Path("~/.cache/mutoscope/attention.json")


@dataclass(frozen=True, slots=True)
class Probe:
    """The shape that a kind of attention is measured on: rows, queries, keys, heads, width."""

    rows: int
    queries: int
    keys: int
    heads: int
    width: int


PROBES = {
    Kind.SPATIAL: Probe(16, 4096, 4096, 5, 64),
    Kind.CROSS: Probe(2, 65_536, 145, 5, 64),
    Kind.TEMPORAL: Probe(8192, 16, 16, 5, 64),
}
"""The largest attention of each kind in a clip of 512 x 512 x 16 at full size."""


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


def attention(name: str, on: torch.device, number: torch.dtype) -> Attention:
    """Return the kernels for a setting: auto, or one of KERNELS; raise KeyError if unknown."""
    if name != "auto":
        return Attention.uniform(name)
    if on.type != "cuda":
        return Attention(HOST)
    return Attention(remembered(on, number, CACHE.expanduser()))


def remembered(
    on: torch.device, number: torch.dtype, cache: Path, probes: Mapping[Kind, Probe] = PROBES
) -> dict[Kind, str]:
    """Return the quickest kernels of a device, measured once and kept in a file."""
    name = torch.cuda.get_device_name(on) if on.type == "cuda" else "processor"
    key = f"{name}, {number}, torch {torch.__version__}"
    known: dict[str, dict[str, str]] = _read(cache)
    if key not in known:
        known[key] = {kind.value: quickest(probes[kind], on, number) for kind in Kind}
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return {Kind(kind): kernel for kind, kernel in known[key].items()}


def quickest(probe: Probe, on: torch.device, number: torch.dtype) -> str:
    """Measure every kernel that works here; return the name of the quickest."""
    width = probe.heads * probe.width
    query = torch.randn(probe.rows, probe.queries, width, device=on, dtype=number)
    key, value = (
        torch.randn(probe.rows, probe.keys, width, device=on, dtype=number) for _ in range(2)
    )
    seconds: dict[str, float] = {}
    for name in KERNELS:
        try:
            seconds[name] = min(_seconds(name, (query, key, value), probe.heads) for _ in range(4))
        except (ImportError, RuntimeError, NotImplementedError):
            continue  # not installed, not for this device, or too large for its memory
        finally:
            faults.release(on)  # some kernels take several times what a clip will
    return min(seconds, key=lambda name: seconds[name])


def _seconds(name: str, tensors: tuple[Tensor, Tensor, Tensor], heads: int) -> float:
    began = time.perf_counter()
    KERNELS[name](*tensors, heads)
    if tensors[0].is_cuda:
        torch.cuda.synchronize(tensors[0].device)
    return time.perf_counter() - began


def _read(cache: Path) -> dict[str, dict[str, str]]:
    try:
        known: dict[str, dict[str, str]] = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known

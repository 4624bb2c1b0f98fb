"""The choice of attention kernels: by setting, fixed on a CPU, measured once on each GPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.i2vgen_xl.hardware.device import CACHE, device_name, release_cached_memory
from gpu_worker.models.i2vgen_xl.hardware.measurement_cache import measured_once
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS, AttentionKind, Kernel, KernelNames

CPU_KERNELS = {
    AttentionKind.SPATIAL: "sdpa",
    AttentionKind.CROSS: "sdpa",
    AttentionKind.TEMPORAL: "plain",
}
"""What was measured to be fastest on a CPU; fixed, so that clips stay the same."""


@dataclass(frozen=True, slots=True)
class ProbeShape:
    """The shape that a kind of attention is measured on; width is that of one head."""

    batch: int
    queries: int
    keys: int
    heads: int
    width: int


PROBES = {
    AttentionKind.SPATIAL: ProbeShape(16, 4096, 4096, 5, 64),
    AttentionKind.CROSS: ProbeShape(2, 65_536, 145, 5, 64),
    AttentionKind.TEMPORAL: ProbeShape(8192, 16, 16, 5, 64),
}
"""The largest attention of each kind in a clip of 512 x 512 x 16 at full size."""


def choose_kernels(
    name: str, device: torch.device, dtype: torch.dtype, *, compiled: bool = False
) -> KernelNames:
    """Return the kernels for a setting: auto, or one of KERNELS; raise KeyError if unknown.

    compiled tells whether they will run in compiled regions, and are to be measured so. Raise
    NotUsable for a kernel that is not installed, or was not built for this device.
    """
    if name in KERNELS:
        reason = obstacle(name, device, dtype)
        if reason:
            raise NotUsable(f"attention by {name} does not work on {device}: {reason}")
        return dict.fromkeys(AttentionKind, name)
    if name != "auto":
        raise KeyError(name)
    if device.type != "cuda":
        return CPU_KERNELS
    wrap = compiled_kernel if compiled else eager_kernel
    return measured_kernels(device, dtype, CACHE / "attention.json", wrap=wrap)


def obstacle(name: str, device: torch.device, dtype: torch.dtype) -> str:
    """Return why a kernel does not work on a device, in one line, or nothing where it does."""
    tokens = torch.ones(2, 16, 64, device=device, dtype=dtype)
    try:
        KERNELS[name](tokens, tokens, tokens, 1)
    except ImportError as error:
        return f"{error.name} is not installed"
    except NotImplementedError as error:
        # It goes on with a line for each tensor and each library that was not built.
        return str(error).strip().splitlines()[0]
    return ""


def eager_kernel(kernel: Kernel) -> Kernel:
    """Return the kernel as it is."""
    return kernel


def compiled_kernel(kernel: Kernel) -> Kernel:
    """Return the kernel as a compiled region runs it."""
    return torch.compile(kernel, dynamic=False)


def measured_kernels(
    device: torch.device,
    dtype: torch.dtype,
    cache: Path,
    probes: Mapping[AttentionKind, ProbeShape] = PROBES,
    wrap: Callable[[Kernel], Kernel] = eager_kernel,
) -> dict[AttentionKind, str]:
    """Return the fastest kernel of each kind on a device, measured once and kept in a file."""
    how = "" if wrap is eager_kernel else ", compiled"
    names = measured_once(
        cache,
        f"{device_name(device)}, {dtype}, torch {torch.__version__}{how}",
        lambda: {
            kind.value: fastest_kernel(probes[kind], device, dtype, wrap) for kind in AttentionKind
        },
    )
    return {AttentionKind(kind): kernel for kind, kernel in names.items()}


def fastest_kernel(
    probe: ProbeShape,
    device: torch.device,
    dtype: torch.dtype,
    wrap: Callable[[Kernel], Kernel] = eager_kernel,
) -> str:
    """Measure every kernel that works on a device; return the name of the fastest.

    The quickest of several runs counts, so that compiling, in the first, does not.
    """
    channels = probe.heads * probe.width
    query = torch.randn(probe.batch, probe.queries, channels, device=device, dtype=dtype)
    key, value = (
        torch.randn(probe.batch, probe.keys, channels, device=device, dtype=dtype) for _ in range(2)
    )
    seconds: dict[str, float] = {}
    for name, kernel in KERNELS.items():
        run = wrap(kernel)
        try:
            seconds[name] = min(_seconds(run, (query, key, value), probe.heads) for _ in range(4))
        except (ImportError, RuntimeError, NotImplementedError):
            continue  # not installed, not for this device, or too large for its memory
        finally:
            release_cached_memory(device)  # some kernels take several times what a clip will
    return min(seconds, key=lambda name: seconds[name])


def _seconds(kernel: Kernel, tensors: tuple[Tensor, Tensor, Tensor], heads: int) -> float:
    began = time.perf_counter()
    kernel(*tensors, heads)
    if tensors[0].is_cuda:
        torch.cuda.synchronize(tensors[0].device)
    return time.perf_counter() - began

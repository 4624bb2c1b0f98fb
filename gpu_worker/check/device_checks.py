"""The device itself: what it is, how quickly it multiplies, and its kernels one by one."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
import time
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gpu_worker.check.report import NeedsOtherMachine, require
from gpu_worker.check.subject import Subject
from gpu_worker.lab.bench.timing import matrix_flops
from gpu_worker.models.i2vgen_xl.hardware.device import device_name, resolve_dtype
from gpu_worker.models.i2vgen_xl.hardware.device_facts import DeviceFacts
from gpu_worker.models.i2vgen_xl.hardware.device_profile import described, use
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS, AttentionKind, Kernel, plain
from gpu_worker.models.i2vgen_xl.unet.attention_choice import (
    PROBES,
    ProbeShape,
    choose_kernels,
    obstacle,
)
from gpu_worker.models.i2vgen_xl.unet.group_norm import group_norm
from storage.catalogue_file import load_catalogue

PACKAGES = ("torch", "diffusers", "transformers", "triton", "xformers")

CPU_PROBES = {
    AttentionKind.SPATIAL: ProbeShape(2, 64, 64, 2, 16),
    AttentionKind.CROSS: ProbeShape(2, 128, 24, 2, 16),
    AttentionKind.TEMPORAL: ProbeShape(128, 8, 8, 2, 16),
}
"""Small shapes of each kind of attention, which any processor answers at once."""

ERROR = {torch.float16: 4e-3, torch.bfloat16: 3e-2, torch.float32: 1e-4}
"""How far a kernel may be from double precision, as a share of the result's size."""

TIMES = 3


def versions(subject: Subject) -> str:
    """Return the device's name and memory, and the versions of what runs on it."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"no {package}")
    if not subject.gpu:
        return f"{platform.machine()}, {torch.get_num_threads()} threads; {', '.join(found)}"
    properties = torch.cuda.get_device_properties(subject.device)
    memory = properties.total_memory / 2**30
    return (
        f"{device_name(subject.device)}, {memory:.1f} GiB, compute capability "
        f"{properties.major}.{properties.minor}, driver {_driver()}; {', '.join(found)}"
    )


def hardware_profile(subject: Subject) -> str:
    """Return what the device can do, and as which profile a worker without a setting uses it."""
    facts = DeviceFacts.of(subject.device)
    return f"{described(facts)}; {use(facts, load_catalogue().profiles)}"


def _driver() -> str:
    """Return the driver's version as nvidia-smi says it."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "unknown"
    command = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "unknown"


def matrix_products(subject: Subject) -> str:
    """Return the rate of large matrix products in the number format that clips use."""
    dtype = resolve_dtype("auto", subject.device)
    rate = matrix_flops(subject.device, dtype, time.perf_counter)
    return f"{rate / 1e12:.2f} TFLOP/s in {dtype}"


def attention(subject: Subject, kernel: str) -> str:
    """Compare one attention kernel with double precision on each kind of attention."""
    probes: Mapping[AttentionKind, ProbeShape] = PROBES if subject.gpu else CPU_PROBES
    dtype = resolve_dtype("auto", subject.device)
    found = []
    require_kernel(subject, kernel)
    for kind, probe in probes.items():
        try:
            error, seconds = _attend(KERNELS[kernel], probe, subject.device, dtype)
        except torch.OutOfMemoryError:
            found.append(f"{kind.value} needs more memory than there is")
            continue
        found.append(f"{kind.value} {seconds * 1e3:.2f} ms, error {error:.0e}")
        require(error <= ERROR[dtype], "; ".join(found))
    return "; ".join(found)


def require_kernel(subject: Subject, kernel: str) -> None:
    """Raise NeedsOtherMachine where an attention kernel is not installed or not built for this."""
    if kernel not in KERNELS:
        return  # auto chooses among those that work
    reason = obstacle(kernel, subject.device, resolve_dtype("auto", subject.device))
    if reason:
        raise NeedsOtherMachine(reason)


def _attend(
    kernel: Kernel, probe: ProbeShape, device: torch.device, dtype: torch.dtype
) -> tuple[float, float]:
    """Return a kernel's relative error, on a part of the batch, and its seconds."""
    generator = torch.Generator().manual_seed(0)
    channels = probe.heads * probe.width

    def draw(tokens: int) -> Tensor:
        drawn = torch.randn(1, tokens, channels, generator=generator).to(device, dtype)
        return drawn.repeat(probe.batch, 1, 1)

    query, key, value = draw(probe.queries), draw(probe.keys), draw(probe.keys)
    result = kernel(query, key, value, probe.heads)
    few = slice(0, 256)
    wide = plain(query[:1, few].double(), key[:1].double(), value[:1].double(), probe.heads)
    error = max(_distance(result[at : at + 1, few], wide) for at in (0, probe.batch - 1))
    seconds = []
    for _ in range(TIMES):
        began = time.perf_counter()
        kernel(query, key, value, probe.heads)
        _synchronize(device)
        seconds.append(time.perf_counter() - began)
    return error, min(seconds)


def attention_choice(subject: Subject) -> str:
    """Return the kernels that the setting auto chooses, uncompiled and compiled."""
    dtype = resolve_dtype("auto", subject.device)
    plain_choice = choose_kernels("auto", subject.device, dtype)
    chosen = [", ".join(f"{kind.value} {name}" for kind, name in plain_choice.items())]
    if subject.gpu:
        compiled = choose_kernels("auto", subject.device, dtype, compiled=True)
        chosen.append(", ".join(f"{kind.value} {name}" for kind, name in compiled.items()))
    return "; compiled: ".join(chosen)


def group_norms(subject: Subject) -> str:
    """Compare group norm with double precision in both memory orders."""
    dtype = resolve_dtype("auto", subject.device)
    side, channels = (64, 320) if subject.gpu else (16, 32)
    norm = nn.GroupNorm(8, channels).to(subject.device, dtype)
    maps = torch.randn(8, channels, side, side, generator=torch.Generator().manual_seed(0)) + 3
    maps = maps.to(subject.device, dtype)
    wide = nn.GroupNorm(8, channels).to(subject.device, torch.float64)(maps.double())
    found = []
    for name, order in (
        ("contiguous", torch.contiguous_format),
        ("channels-last", torch.channels_last),
    ):
        result = group_norm(norm, maps.contiguous(memory_format=order))
        error = _distance(result, wide)
        kept = "kept" if result.is_contiguous(memory_format=order) else "not kept"
        found.append(f"{name} ({kept}) error {error:.0e}")
        require(error <= ERROR[dtype], "; ".join(found))
    return "; ".join(found)


def _distance(result: Tensor, expected: Tensor) -> float:
    """Return the root mean square difference as a share of the expected size."""
    difference = result.double() - expected.double()
    return float(difference.square().mean().sqrt() / expected.double().square().mean().sqrt())


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)

"""Compilation: one graph for each region, the same clip, and artifacts that are loaded again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch

from gpu_worker.check.device_checks import require_kernel
from gpu_worker.check.report import require
from gpu_worker.check.subject import Subject
from gpu_worker.engine.api import Cancelled
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import engine_latents
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions
from storage.domain.request import Preset

BREAKS = "graph_break"


def graphs(subject: Subject) -> str:
    """Trace every region, without generating code; return the graphs and the breaks."""
    torch._dynamo.reset()
    # The fused gate, which is for CPUs alone, cannot be traced.
    engine = subject.load(optimizations=Optimizations(compiled=False, fused_gate=False))
    unet = engine.pipeline.unet
    regions = [*unet.layers(), unet.transformer_in]
    with _errors_shown():
        compiled = CompiledRegions(regions, subject.scratch / "traced", "eager", at_once=True)
        engine.pipeline.regions = compiled
        torch._dynamo.utils.counters.clear()
        _compiled_latents(engine, subject.small)
    counters = torch._dynamo.utils.counters
    breaks = sum(counters[BREAKS].values())
    number = counters["stats"]["unique_graphs"]
    found = f"{number} graphs of {len(regions)} regions, {breaks} breaks"
    if breaks:
        found += f": {next(iter(counters[BREAKS]))}"
    require(breaks == 0 and number > 0, found)
    torch._dynamo.reset()
    return found


def compiled_clip(subject: Subject, kernel: str) -> str:
    """Compile all regions with an attention kernel; compare the clip with single precision."""
    subject.require_gpu()
    require_kernel(subject, kernel)
    torch._dynamo.reset()
    shape = subject.clip
    engine = subject.load(optimizations=Optimizations(), attention=kernel)
    regions = cast(Any, engine.pipeline.regions)
    regions.folder = subject.scratch / f"compiled {kernel}"
    with _errors_shown():
        first, latents = _timed(engine, shape)
        second, _ = _timed(engine, shape)
    _timed(subject.engine, shape)
    plain, uncompiled = _timed(subject.engine, shape)
    _, expected = _timed(subject.load(dtype="fp32"), shape)
    error, usual = (_distance(one, expected) for one in (latents, uncompiled))
    found = (
        f"{first:.1f} s with compiling, then {second:.2f} s, error {error:.1e}; "
        f"uncompiled {plain:.2f} s, error {usual:.1e}"
    )
    files = [*regions.folder.glob("*.bin")]
    require(error <= 1.5 * usual, found)
    require(bool(files), f"{found}; no artifacts were saved")
    return f"{found}; artifacts {files[0].stat().st_size / 2**20:.1f} MiB"


def reloaded_artifacts(subject: Subject) -> str:
    """Forget what was compiled, and make the clip from the artifacts that were saved."""
    subject.require_gpu()
    folder = subject.scratch / "compiled auto"
    require(any(folder.glob("*.bin")), "there are no artifacts: compiling failed before")
    torch._dynamo.reset()
    with _other_cache(subject.scratch / "cache"):
        engine = subject.load(optimizations=Optimizations(), compiled_at_once=False)
        cast(Any, engine.pipeline.regions).folder = folder
        with _errors_shown():
            seconds, _ = _timed(engine, subject.clip)
    return f"{seconds:.1f} s for the first clip"


def cancel_while_compiling(subject: Subject) -> str:
    """Cancel a clip whose shape is being compiled; return the seconds until it stops."""
    subject.require_gpu()
    torch._dynamo.reset()
    engine = subject.load(optimizations=Optimizations())
    cast(Any, engine.pipeline.regions).folder = subject.scratch / "cancelled"
    shape = ClipShape(384, 320, 8, 3)
    began = time.perf_counter()

    def should_stop() -> bool:
        return time.perf_counter() - began > 2.0

    try:
        engine.generate(shape.request(), shape.canvas(), lambda *_: None, should_stop)
    except Cancelled:
        return f"{time.perf_counter() - began - 2.0:.1f} s after the cancel"
    return f"the clip ended before, after {time.perf_counter() - began:.1f} s"


def _timed(engine: I2VGenXL, shape: ClipShape) -> tuple[float, torch.Tensor]:
    """Return the seconds of a clip's denoising and its latents."""
    began = time.perf_counter()
    latents = _compiled_latents(engine, shape)
    if latents.is_cuda:
        torch.cuda.synchronize(latents.device)
    return time.perf_counter() - began, latents.float()


def _distance(latents: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the root mean square difference as a share of the expected size."""
    difference = (latents - expected).square().mean().sqrt()
    return float(difference / expected.square().mean().sqrt())


def _compiled_latents(engine: I2VGenXL, shape: ClipShape) -> torch.Tensor:
    with engine.pipeline.compiled(shape.request(), 1):
        return engine_latents(engine, shape, Preset.EXACT)


@contextmanager
def _errors_shown() -> Iterator[None]:
    """Raise what the compiler cannot do, in place of running it uncompiled."""
    settings = cast(Any, torch._dynamo.config)
    before = settings.suppress_errors
    settings.suppress_errors = False
    try:
        yield
    finally:
        settings.suppress_errors = before


@contextmanager
def _other_cache(folder: Path) -> Iterator[None]:
    """Let the compiler find none of its own files."""
    name = "TORCHINDUCTOR_CACHE_DIR"
    before = os.environ.get(name)
    os.environ[name] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before

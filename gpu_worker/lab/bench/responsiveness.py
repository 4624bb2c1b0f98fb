"""Pieces: each lever's own gain, and what progress, previews, cancels and loading cost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gpu_worker.engine.api import Cancelled
from gpu_worker.lab.bench import pipelines as subjects
from gpu_worker.lab.bench import stock_pipeline as stock
from gpu_worker.lab.bench import timing as meter
from gpu_worker.lab.bench.pipelines import Pair, Shape
from gpu_worker.media.frames import Frames
from gpu_worker.models.i2vgen_xl import previews
from gpu_worker.models.i2vgen_xl.checkpoint.components import load_components
from gpu_worker.models.i2vgen_xl.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS
from storage.domain.progress import Progress
from storage.domain.request import Preset

HOSTS = ("fused_upsampling", "fused_gate")
"""Levers that do nothing on a GPU."""


def levers(
    pair: Pair, shape: Shape, rounds: int, names: Sequence[str] = Optimizations.names()
) -> Iterator[tuple[str, float]]:
    """Yield each lever that is on here, and how much longer a clip takes without it.

    Levers are measured on uncompiled layers, each of which would be compiled anew; the compiler
    is measured beside those, by what a clip takes with it.
    """
    base = replace(pair.engine.options.optimizations, compiled=False)
    plain = subjects.engine(pair.folder, pair.device, pair.dtype, base)
    gpu = pair.device.type == "cuda"
    for name in names:
        if not getattr(base, name) or (gpu and name in HOSTS):
            continue
        off = subjects.engine(pair.folder, pair.device, pair.dtype, base.without(name))
        part = subjects.clip if name == "chunked_decode" else subjects.latents
        yield name, _gain(pair, {"on": plain, "off": off}, partial(part, shape=shape), rounds)
    if gpu:
        part = partial(subjects.latents, shape=shape)
        on = subjects.engine(pair.folder, pair.device, pair.dtype, replace(base, compiled=True))
        yield "compiled", _gain(pair, {"on": on, "off": plain}, part, rounds)


def attention(pair: Pair, shape: Shape, rounds: int) -> dict[str, float]:
    """Return the seconds of a clip with each attention kernel that works on this device."""
    base = replace(pair.engine.options.optimizations, compiled=False)
    calls: dict[str, Callable[[], Any]] = {}
    for name in KERNELS:
        one = subjects.engine(pair.folder, pair.device, pair.dtype, base, name)
        try:
            subjects.latents(one, shape, Preset.EXACT)
        except (ImportError, RuntimeError, NotImplementedError):
            continue  # not installed, not for this device, or too large for its memory
        calls[name] = partial(subjects.latents, one, shape, Preset.EXACT)
    turns = meter.take_turns(pair.device, calls, rounds, pair.clock)
    return {name: turns.median(name) for name in calls}


def recovery(pair: Pair, shape: Shape) -> dict[str, float]:
    """Return what lacks of memory at a clip's steps cost: times as long, and the difference.

    Every step fails once. The difference is the largest one between the clip's bytes and those of
    the undisturbed clip.
    """
    passes = [0]

    def fail(_module: Any, _given: Any) -> None:
        passes[0] += 1
        if passes[0] % 2:
            raise torch.OutOfMemoryError("injected by the benchmark")

    def call() -> Frames:
        return subjects.made(pair.engine, shape)

    frames = [call()]
    whole, _ = meter.once(pair.device, lambda: frames.append(call()), pair.clock)
    hook = pair.engine.pipeline.unet.register_forward_pre_hook(fail)
    try:
        failing, _ = meter.once(pair.device, lambda: frames.append(call()), pair.clock)
    finally:
        hook.remove()
    difference = abs(frames[1].astype(int) - frames[2].astype(int)).max()
    return {"times_as_long": failing / whole, "difference": float(difference)}


def _gain(pair: Pair, sides: dict[str, I2VGenXL], part: Callable[..., Any], rounds: int) -> float:
    calls = {name: partial(part, one, preset=Preset.EXACT) for name, one in sides.items()}
    turns = meter.take_turns(pair.device, calls, rounds, pair.clock)
    return turns.ratio("off", "on")


def cancel_steps(engine: I2VGenXL, shape: Shape, times: int = 12) -> float:
    """Return how many steps begin after a cancel, at most, in 99 of 100 cases."""
    dice = random.Random(1)
    late = sorted(_cancel(engine, shape, dice.randrange(shape.steps)) for _ in range(times))
    return float(late[min(len(late) - 1, round(0.99 * (len(late) - 1)))])


def _cancel(engine: I2VGenXL, shape: Shape, at: int) -> int:
    """Cancel at a step; return how many more steps were finished."""
    done = [0]

    def on_progress(progress: Progress, _preview: bytes | None) -> None:
        done[0] = progress.step

    def should_stop() -> bool:
        return done[0] >= at

    with suppress(Cancelled):
        engine.generate(shape.request(), subjects.picture(shape), on_progress, should_stop)
    return done[0] - at


def overhead(engine: I2VGenXL, shape: Shape) -> float:
    """Return the share of a clip's time that progress and previews take.

    Previews are made beside the denoising; they count with the time that they take alone.
    """
    stamps: list[tuple[float, float]] = []

    def on_progress(progress: Progress, _preview: bytes | None) -> None:
        began = time.perf_counter()
        json.dumps({"stage": progress.stage, "step": progress.step, "eta": progress.eta})
        stamps.append((began, time.perf_counter()))

    began = time.perf_counter()
    engine.generate(shape.request(), subjects.picture(shape), on_progress, lambda: False)
    whole = time.perf_counter() - began
    telling = sum(end - start for start, end in stamps)
    frames = subjects.picture(shape).fitted[None].repeat(previews.FRAMES, axis=0)
    began = time.perf_counter()
    previews.encode_webp(frames)
    drawing = (time.perf_counter() - began) * len(previews.SHARES)
    return (telling + drawing) / whole


def load_speedup(pair: Pair, rounds: int) -> float:
    """Return how much quicker our loading is than from_pretrained, from a warm cache."""
    dtype = resolve_dtype(pair.dtype, pair.device)
    turns = meter.take_turns(
        pair.device,
        {
            "stock": lambda: stock.load(pair.folder, pair.device, dtype),
            "own": lambda: load_components(pair.folder, pair.device, dtype),
        },
        rounds,
        pair.clock,
    )
    return turns.median("stock") / turns.median("own")


def first_step(folder: Path, device: torch.device, clock: meter.Clock) -> float:
    """Return the seconds from a new process's start to its first finished step."""
    command = [
        sys.executable,
        "-m",
        "gpu_worker.lab.bench.cold_start",
        str(folder),
        "--device",
        str(device),
    ]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    report: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return float(report["first_step" if clock is time.perf_counter else "processor"])

"""How quickly an engine loads, starts and cancels, and what its progress costs."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from gpu_worker.engine.api import Cancelled
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair
from gpu_worker.lab.bench.stock_pipeline import StockPipeline
from gpu_worker.lab.bench.timing import Clock, alternate
from gpu_worker.models.i2vgen_xl import previews
from gpu_worker.models.i2vgen_xl.checkpoint.component_loading import load_components
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype
from storage.domain.progress import Progress


def load_speedup(pair: PipelinePair, rounds: int) -> float:
    """Return from_pretrained's seconds over those of our loading, from a warm cache."""
    dtype = resolve_dtype("auto", pair.device)
    timings = alternate(
        pair.device,
        {
            "stock": lambda: StockPipeline(pair.folder, pair.device, dtype),
            "engine": lambda: load_components(pair.folder, pair.device, dtype),
        },
        rounds,
        pair.clock,
    )
    return timings.median("stock") / timings.median("engine")


def first_step_seconds(folder: Path, device: torch.device, clock: Clock) -> float:
    """Return the seconds from a new process's start to its first finished step."""
    module = "gpu_worker.lab.bench.cold_start"
    command = [sys.executable, "-m", module, str(folder), "--device", str(device)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return float(seconds["first_step" if clock is time.perf_counter else "processor"])


def cancel_steps(engine: I2VGenXL, shape: ClipShape, times: int = 12) -> float:
    """Return how many steps are finished after a cancel, at most, in 99 of 100 cases."""
    rng = random.Random(1)
    late = sorted(_cancel(engine, shape, rng.randrange(shape.steps)) for _ in range(times))
    return float(late[round(0.99 * (len(late) - 1))])


def _cancel(engine: I2VGenXL, shape: ClipShape, at: int) -> int:
    """Cancel at a step; return how many more steps were finished."""
    done = 0

    def on_progress(progress: Progress, _preview: bytes | None) -> None:
        nonlocal done
        done = progress.step

    with suppress(Cancelled):
        engine.generate(shape.request(), shape.canvas(), on_progress, lambda: done >= at)
    return done - at


def progress_overhead(engine: I2VGenXL, shape: ClipShape) -> float:
    """Return the share of a clip's time that progress and previews take.

    Previews are made beside the denoising; they count with the time that they take alone.
    """
    seconds = 0.0

    def on_progress(progress: Progress, _preview: bytes | None) -> None:
        nonlocal seconds
        began = time.perf_counter()
        json.dumps({"stage": progress.stage, "step": progress.step, "eta": progress.eta})
        seconds += time.perf_counter() - began

    began = time.perf_counter()
    engine.generate(shape.request(), shape.canvas(), on_progress, lambda: False)
    whole = time.perf_counter() - began
    frames = shape.canvas().fitted[None].repeat(previews.FRAMES, axis=0)
    began = time.perf_counter()
    previews.encode_webp(frames)
    encoding = (time.perf_counter() - began) * len(previews.SHARES)
    return (seconds + encoding) / whole

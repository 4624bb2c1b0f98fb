"""How many candidates one forward pass holds best, measured once for each device and kind of clip.

A clip that shares its passes is the clip of its seed up to rounding: its latents differ by at
most 1e-3 of their size from those made alone, because kernels sum in another order. So a clip's
bytes depend on the answer given here, which is why it is kept and not measured anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import cast

import torch

from gpu_worker.models.i2vgen_xl.hardware.device import CACHE as DEVICE_CACHE
from gpu_worker.models.i2vgen_xl.hardware.device import device_name
from gpu_worker.models.i2vgen_xl.hardware.measurement_cache import measured_once
from gpu_worker.models.i2vgen_xl.memory.fallback import (
    FallbackStep,
    MemoryFallback,
    SmallerClipNeeded,
)
from gpu_worker.models.i2vgen_xl.memory.footprints import FootprintKind
from gpu_worker.models.i2vgen_xl.pipeline import ClipInputs, Pipeline
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from storage.domain.catalogue import PresetRow
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest

CACHE = DEVICE_CACHE / "sharing.json"

WIDTHS = (2, 4)
"""How many clips in one pass are tried, one after the other, until it no longer pays."""

GAIN = 1.1
"""A wider pass must make each clip by so much quicker, in every round; less may be noise."""

ROUNDS = 3
STEPS = 2


def shared_fallback(pipeline: Pipeline) -> MemoryFallback:
    """Return a fallback for shared passes, which gives up nothing but the sharing."""
    return MemoryFallback(pipeline.unet, pipeline.device, [FallbackStep.SMALLER])


def choose_width(
    pipeline: Pipeline,
    inputs: Sequence[ClipInputs],
    preset_row: PresetRow,
    fits: Callable[[int], bool],
    tracker: ProgressTracker,
) -> int:
    """Return how many of these clips one pass holds best; raise Cancelled.

    fits tells whether memory suffices for so many clips.
    """
    most = widest_fitting(len(inputs), fits)
    if most < WIDTHS[0]:
        return 1
    return measured_once(
        CACHE,
        _key(pipeline, inputs[0].request, most),
        lambda: measure(pipeline, inputs[:most], preset_row, tracker),
    )


def widest_fitting(clips: int, fits: Callable[[int], bool]) -> int:
    """Return the widest pass to be tried for so many clips, as far as memory suffices."""
    return max((width for width in WIDTHS if width <= clips and fits(width)), default=1)


def fastest_width(seconds: Callable[[int], float], most: int) -> int:
    """Return how many clips to put into one pass; seconds measures a pass of so many.

    Passes of different widths alternate, so that a machine that slows down slows them all, and the
    first round that does not pay ends it: a machine whose load changes shares nothing.
    """

    def pays(narrow: int, wide: int) -> bool:
        return seconds(narrow) / narrow >= GAIN * seconds(wide) / wide

    chosen = 1
    for width in WIDTHS:
        if width > most or not all(pays(chosen, width) for _ in range(ROUNDS)):
            break
        chosen = width
    return chosen


def measure(
    pipeline: Pipeline,
    inputs: Sequence[ClipInputs],
    preset_row: PresetRow,
    tracker: ProgressTracker,
) -> int:
    """Measure how many of these clips one pass holds best; raise Cancelled."""
    short = [replace(one, request=replace(one.request, steps=STEPS)) for one in inputs]
    device = pipeline.device

    def seconds(count: int) -> float:
        began = [0.0]

        def on_progress(progress: Progress, _preview: bytes | None) -> None:
            if progress.stage is Stage.DENOISING and progress.step == 0:
                began[0] = time.perf_counter()

        silent = ProgressTracker(on_progress, tracker.should_stop, STEPS)
        try:
            with _uncompiled(device):
                pipeline.denoise_clips(short[:count], preset_row, shared_fallback(pipeline), silent)
        except SmallerClipNeeded:
            return float("inf")
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - began[0]

    return fastest_width(seconds, len(inputs))


def _key(pipeline: Pipeline, request: GenerationRequest, most: int) -> str:
    """Return what the answer depends on: the device, its numbers, the model, and the clip."""
    stock, device = pipeline.unet.stock, pipeline.device
    shape = f"{request.width}x{request.height}x{request.frames}"
    how = f"{request.preset.value}, {'guided' if request.guidance > 1.0 else 'unguided'}"
    model = FootprintKind.of(stock, device).model
    numbers = f"{stock.dtype}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    return f"{device_name(device)}, {numbers}, {model}, {shape}, {how}, up to {most}"


def _uncompiled(device: torch.device) -> AbstractContextManager[None]:
    """Keep what is only measured from being compiled, which takes minutes for each width."""
    if device.type != "cuda":
        return nullcontext()
    return cast(AbstractContextManager[None], torch.compiler.set_stance("force_eager"))

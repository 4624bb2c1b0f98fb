"""The working memory of clips, and what running out of memory costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair, engine_clip
from gpu_worker.lab.bench.timing import alternate, measure_once, resident_bytes
from gpu_worker.media.frames import Frames
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.hardware.device import release_cached_memory
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode, weight_bytes
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, FootprintKind
from storage.domain.request import Preset

ROUNDS = 2
"""How often a CPU's memory is measured: what its C library keeps makes the first run small."""


def measure_footprints(
    engine: I2VGenXL, shapes: Iterable[ClipShape], modes: Iterable[MemoryMode]
) -> list[Footprint]:
    """Make a short guided clip of each shape in each mode; return what each took.

    Modes that cannot be undone have to come last.
    """
    kind = FootprintKind.of(engine.pipeline.unet.stock, engine.torch_device)
    rows = []
    # The largest first, so that the C library's heap has grown before small ones are measured.
    largest = sorted(shapes, key=lambda shape: -shape.pixels)
    for mode in modes:
        for shape in largest:
            call = partial(engine_clip, engine, shape, Preset.EXACT, mode)
            sizes = (shape.width, shape.height, shape.frames)
            rows.append(Footprint(kind, mode.value, *sizes, round(working_bytes(engine, call))))
    return rows


def working_bytes(engine: I2VGenXL, call: Callable[[], Any]) -> float:
    """Return the peak of a call beside the weights, after one call that does not count.

    On a CPU it is the growth of the process after freed memory was returned, on a GPU what is
    allocated beside the weights of UNet and autoencoder.
    """
    call()
    device = engine.torch_device
    if device.type == "cuda":
        weights = float(weight_bytes(engine.pipeline.unet, engine.pipeline.components.vae))
        return max(0.0, measure_once(device, call)[1] - weights)
    return max(_growth(device, call) for _ in range(ROUNDS))


def _growth(device: torch.device, call: Callable[[], Any]) -> float:
    release_cached_memory(device)
    before = resident_bytes()
    return measure_once(device, call)[1] - before


def least_memory_share(pair: PipelinePair, shape: ClipShape) -> float:
    """Return the engine's peak in the mode that needs the least, over the stock peak."""
    engine = pair.engine
    calls: dict[str, Callable[[], Any]] = {
        "stock": lambda: pair.stock.clip(shape),
        "least": lambda: engine_clip(engine, shape, Preset.EXACT, MemoryMode.EIGHT_BIT),
    }
    timings = alternate(pair.device, calls, 1, prepare=pair.move_to_device)
    return timings.peak("least") / timings.peak("stock")


def measure_recovery(pair: PipelinePair, shape: ClipShape) -> dict[str, float]:
    """Let every step of a clip run out of memory once; return times as long, and the difference.

    The difference is the largest one between the clip's bytes and those of the undisturbed clip.
    """
    passes = 0

    def fail(_module: Any, _inputs: Any) -> None:
        nonlocal passes
        passes += 1
        if passes % 2:
            raise torch.OutOfMemoryError("injected by the benchmark")

    clips: list[Frames] = []
    request = shape.request(preset=Preset.EXACT)

    def call() -> None:
        result = pair.engine.generate(request, shape.canvas(), lambda *_: None, lambda: False)
        clips.append(result.array)

    call()
    undisturbed, _ = measure_once(pair.device, call, pair.clock)
    hook = pair.engine.pipeline.unet.register_forward_pre_hook(fail)
    try:
        failing, _ = measure_once(pair.device, call, pair.clock)
    finally:
        hook.remove()
    difference = abs(clips[1].astype(int) - clips[2].astype(int)).max()
    return {"times_as_long": failing / undisturbed, "difference": float(difference)}

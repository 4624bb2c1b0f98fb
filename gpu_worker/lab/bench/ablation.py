"""How much longer a clip takes without each optimization, and with each attention kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import (
    PipelinePair,
    engine_clip,
    engine_latents,
    load_engine,
)
from gpu_worker.lab.bench.timing import alternate
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.unet.attention import KERNELS
from storage.domain.request import Preset

CPU_ONLY = "fused_gate"
"""The optimization that does nothing on a GPU."""


def measure_gains(
    pair: PipelinePair,
    shape: ClipShape,
    rounds: int,
    names: Sequence[str] = Optimizations.names(),
) -> Iterator[tuple[str, float]]:
    """Yield each optimization that is on here, and a clip's time without it over that with it.

    They are measured on uncompiled layers, each of which would be compiled anew; compiling is
    measured beside those.
    """
    base = replace(pair.engine.options.optimizations, compiled=False)
    load = partial(load_engine, pair.folder, pair.device)
    plain = load(base)
    gpu = pair.device.type == "cuda"
    for name in names:
        if not getattr(base, name) or (gpu and name == CPU_ONLY):
            continue
        call = engine_clip if name == "chunked_decode" else engine_latents
        yield name, _gain(pair, plain, load(base.without(name)), partial(call, shape=shape), rounds)
    if gpu:
        compiled = load(replace(base, compiled=True))
        yield "compiled", _gain(pair, compiled, plain, partial(engine_latents, shape=shape), rounds)


def _gain(
    pair: PipelinePair, on: I2VGenXL, off: I2VGenXL, call: Callable[..., Any], rounds: int
) -> float:
    calls = {
        name: partial(call, engine, preset=Preset.EXACT)
        for name, engine in (("on", on), ("off", off))
    }
    return alternate(pair.device, calls, rounds, pair.clock).ratio("off", "on")


def measure_kernels(pair: PipelinePair, shape: ClipShape, rounds: int) -> dict[str, float]:
    """Return the seconds of a clip with each attention kernel that works on this device."""
    base = replace(pair.engine.options.optimizations, compiled=False)
    calls: dict[str, Callable[[], Any]] = {}
    for name in KERNELS:
        engine = load_engine(pair.folder, pair.device, base, name)
        try:
            engine_latents(engine, shape, Preset.EXACT)
        except (ImportError, RuntimeError, NotImplementedError):
            continue  # not installed, not for this device, or too large for its memory
        calls[name] = partial(engine_latents, engine, shape, Preset.EXACT)
    timings = alternate(pair.device, calls, rounds, pair.clock)
    return {name: timings.median(name) for name in calls}

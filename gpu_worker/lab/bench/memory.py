"""Footprint: the working memory of clips, measured for the table that estimates read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch

from gpu_worker.lab.bench import pipelines as subjects
from gpu_worker.lab.bench import timing as meter
from gpu_worker.lab.bench.pipelines import Shape
from gpu_worker.models.i2vgen_xl.device import release_cached_memory
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode, weight_bytes
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, FootprintKind
from storage.domain.request import Preset

ROUNDS = 2
"""How often a host's memory is measured: what its C library keeps makes the first run small."""


def measure(
    engine: I2VGenXL, shapes: Iterable[Shape], savings: Iterable[MemoryMode]
) -> list[Footprint]:
    """Make a short guided clip of each shape with each saving; return what each took.

    Savings that cannot be taken back have to come last.
    """
    unet = engine.pipeline.unet
    kind = FootprintKind.of(unet.stock, engine.torch_device)
    rows = []
    # The largest first, so that the C library has its final ways before small ones are measured.
    largest = sorted(shapes, key=lambda one: -one.width * one.height * one.frames)
    for saving in savings:
        for shape in largest:
            call = partial(subjects.clip, engine, shape, Preset.EXACT, saving)
            sizes = (shape.width, shape.height, shape.frames)
            rows.append(Footprint(kind, saving.value, *sizes, round(working(engine, call))))
    return rows


def working(engine: I2VGenXL, call: Callable[[], Any]) -> float:
    """Return the peak bytes of a call beside the lasting weights, after one call for nothing.

    On a host it is the growth of the process from its trimmed rest, on a device what is allocated
    beside the weights of UNet and autoencoder.
    """
    call()
    device = engine.torch_device
    if device.type == "cuda":
        lasting = float(weight_bytes(engine.pipeline.unet, engine.pipeline.components.vae))
        return max(0.0, meter.once(device, call)[1] - lasting)
    return max(_growth(device, call) for _ in range(ROUNDS))


def _growth(device: torch.device, call: Callable[[], Any]) -> float:
    release_cached_memory(device)
    resting = meter.resident()
    return meter.once(device, call)[1] - resting


def told(rows: Iterable[Footprint]) -> list[str]:
    """Return the table's rows in Markdown."""
    lines = ["| clip | saving | working memory |", "|---|---|---|"]
    for row in rows:
        size = f"{row.width} x {row.height} x {row.frames}"
        lines.append(f"| {size} | {row.saving} | {row.work / 2**20:.0f} MiB |")
    return lines

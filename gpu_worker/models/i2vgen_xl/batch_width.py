"""Sharing: how many clips one forward pass holds best, measured once on each device.

A clip that shares its passes is the clip of its seed up to rounding: its latents differ by at
most 1e-3 of their size from those made alone, because kernels sum in another order. So a clip's
bytes depend on the answer given here, which is why it is kept and not measured anew.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch

from gpu_worker.models.i2vgen_xl.device import CACHE as BESIDE
from gpu_worker.models.i2vgen_xl.memory.fallback import Ladder, Rung, Smaller
from gpu_worker.models.i2vgen_xl.memory.footprints import Kind
from gpu_worker.models.i2vgen_xl.pipeline import Maker, Order
from gpu_worker.models.i2vgen_xl.progress_tracker import Watch
from gpu_worker.models.i2vgen_xl.sampling.denoise import Thrift
from storage.domain.catalogue import PresetRow
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest

log = logging.getLogger(__name__)

CACHE = BESIDE.with_name("sharing.json")

WIDTHS = (2, 4)
"""How many clips in one pass are tried, one after the other, until it no longer pays."""

GAIN = 1.1
"""A wider pass must make each clip by so much quicker, in every round; less may be noise."""

ROUNDS = 3
STEPS = 2


def steep(maker: Maker, device: torch.device) -> Ladder:
    """Return a ladder for shared passes: the rung below them is to share no more."""
    ladder = Ladder(maker.unet, Thrift(), device)
    ladder.rungs = [Rung.SMALLER]
    return ladder


def most(clips: int, fits: Callable[[int], bool]) -> int:
    """Return the widest pass to be tried for so many clips, as far as memory suffices."""
    return max((width for width in WIDTHS if width <= clips and fits(width)), default=1)


def width(
    maker: Maker, orders: Sequence[Order], row: PresetRow, device: torch.device, watch: Watch
) -> int:
    """Return how many of these clips one pass holds best on this device."""
    if len(orders) < WIDTHS[0]:
        return 1
    return remembered(
        key(maker, orders[0].request, len(orders), device),
        CACHE,
        lambda: measure(maker, orders, row, device, watch),
    )


def remembered(key: str, cache: Path, measure: Callable[[], int]) -> int:
    """Return how many clips a pass holds best, measured once and kept in a file."""
    known = _read(cache)
    if key not in known:
        known[key] = measure()
        try:
            file = cache.expanduser()
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(known, indent=1), encoding="utf-8")
        except (OSError, RuntimeError) as error:  # the second where nobody's home is known
            log.warning("what was measured cannot be kept: %s", error)
    return known[key]


def key(maker: Maker, request: GenerationRequest, most: int, device: torch.device) -> str:
    """Return what the answer depends on: the device, its numbers, the model, and the clip."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    stock = maker.unet.stock
    shape = f"{request.width}x{request.height}x{request.frames}"
    how = f"{request.preset.value}, {'guided' if request.guidance > 1.0 else 'unguided'}"
    model = Kind.of(stock, device, stock.dtype).model
    numbers = f"{stock.dtype}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    return f"{name}, {numbers}, {model}, {shape}, {how}, up to {most}"


def widest(seconds: Callable[[int], float], most: int) -> int:
    """Return how many clips to put into one pass; seconds tells what a pass of so many takes.

    Passes of different widths take turns, so that a machine that slows down slows them all, and
    the first round that does not pay ends it: a machine whose load changes shares nothing.
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
    maker: Maker, orders: Sequence[Order], row: PresetRow, device: torch.device, watch: Watch
) -> int:
    """Measure how many of these clips one pass holds best; raise Cancelled."""
    short = [replace(order, request=replace(order.request, steps=STEPS)) for order in orders]

    def seconds(count: int) -> float:
        began = [0.0]

        def hear(progress: Progress, _preview: bytes | None) -> None:
            if progress.stage is Stage.DENOISING and progress.step == 0:
                began[0] = time.perf_counter()

        ladder, quiet = steep(maker, device), Watch(hear, watch.should_stop, STEPS)
        try:
            with _uncompiled(device):
                maker.denoised(short[:count], row, ladder, quiet)
        except Smaller:
            return float("inf")
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - began[0]

    return widest(seconds, len(orders))


def _uncompiled(device: torch.device) -> AbstractContextManager[None]:
    """Keep what is only measured from being compiled, which takes minutes for each width."""
    if device.type != "cuda":
        return nullcontext()
    return cast(AbstractContextManager[None], torch.compiler.set_stance("force_eager"))


def _read(cache: Path) -> dict[str, int]:
    try:
        known: object = json.loads(cache.expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):
        return {}
    return known if isinstance(known, dict) else {}

"""By calculation a full-size clip takes as much less of a GPU than stock as was promised."""

from __future__ import annotations

import torch

from gpu_worker.lab.bench import gpu_estimate as calculated
from gpu_worker.lab.bench.allocation_counter import BLOCK, Tally
from gpu_worker.lab.bench.pipelines import Shape
from gpu_worker.models.i2vgen_xl.checkpoint import random_modules
from gpu_worker.models.i2vgen_xl.memory.estimator import (
    GIB,
    MemoryEstimator,
    MemoryMode,
    weight_bytes,
)
from gpu_worker.models.i2vgen_xl.memory.footprints import FootprintKind

USUAL = Shape(512, 512, 16)


def test_what_goes_is_counted_no_more() -> None:
    with torch.inference_mode(), Tally() as tally:
        first = torch.empty(1000, dtype=torch.float16, device="meta")
        second = first + first
        assert tally.now == 2 * 4 * BLOCK
        del second
        assert (tally.now, tally.peak) == (4 * BLOCK, 8 * BLOCK)


def test_exact_takes_seven_tenths_of_stocks_memory_and_the_least_half_of_it() -> None:
    stock = calculated.stock_peak(USUAL)
    assert calculated.own_peak(USUAL, MemoryMode.NONE) <= 0.70 * stock
    assert calculated.own_peak(USUAL, MemoryMode.EIGHT_BIT) <= 0.50 * stock


def test_hardware_profiles_admit_their_clips_with_nothing_given_up() -> None:
    unet, vae = (
        calculated.made(random_modules.random_unet),
        calculated.made(random_modules.random_vae),
    )
    encoders = [
        calculated.made(random_modules.random_text_encoder),
        calculated.made(random_modules.random_image_encoder),
    ]
    kind = FootprintKind.of(unet, torch.device("cuda"))
    estimator = MemoryEstimator(kind, weight_bytes(unet, vae), weight_bytes(*encoders))
    for gib, pixels in ((12, 704 * 384 * 16), (24, 768 * 768 * 24)):
        # A tenth of the device is left to whatever else is shown on it.
        assert estimator.choose(pixels, True, 0.9 * gib * GIB) is MemoryMode.NONE

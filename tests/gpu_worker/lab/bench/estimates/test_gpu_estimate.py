"""By calculation a full-size clip takes as much less of a GPU than stock as was promised."""

from __future__ import annotations

import pytest
import torch

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.estimates import gpu_estimate
from gpu_worker.lab.bench.estimates.gpu_estimate import BLOCK, AllocationCounter
from gpu_worker.models.i2vgen_xl.checkpoint.random_modules import (
    random_unet,
    random_vae,
)
from gpu_worker.models.i2vgen_xl.memory.estimator import (
    GIB,
    MemoryEstimator,
    MemoryMode,
    weight_bytes,
)
from gpu_worker.models.i2vgen_xl.memory.footprints import FootprintKind


def test_freed_tensors_count_no_more() -> None:
    with torch.inference_mode(), AllocationCounter() as counter:
        first = torch.empty(1000, dtype=torch.float16, device="meta")
        second = first + first
        assert counter.now == 2 * 4 * BLOCK
        del second
        assert (counter.now, counter.peak) == (4 * BLOCK, 8 * BLOCK)


@pytest.mark.slow
def test_exact_takes_seven_tenths_of_stocks_memory_and_the_least_half_of_it() -> None:
    usual = ClipShape(512, 512, 16)
    stock = gpu_estimate.stock_peak(usual)
    assert gpu_estimate.engine_peak(usual, MemoryMode.NONE) <= 0.70 * stock
    assert gpu_estimate.engine_peak(usual, MemoryMode.EIGHT_BIT) <= 0.50 * stock


def test_hardware_profiles_admit_their_clips_without_saving_memory() -> None:
    unet, vae = gpu_estimate.build(random_unet), gpu_estimate.build(random_vae)
    kind = FootprintKind.of(unet, torch.device("cuda"))
    estimator = MemoryEstimator(kind, weight_bytes(unet, vae))
    for gib, pixels in ((12, 704 * 384 * 16), (24, 768 * 768 * 24)):
        # A tenth of the device is left to whatever else is shown on it.
        assert estimator.choose(pixels, True, 0.9 * gib * GIB) is MemoryMode.NONE

"""What a clip needs is estimated from what was measured, else from the layers' shapes."""

from __future__ import annotations

import pytest
import torch

from gpu_worker.models.i2vgen_xl.memory.estimator import (
    GIB,
    MARGIN,
    RESERVE,
    MemoryEstimator,
    MemoryMode,
    available_bytes,
)
from gpu_worker.models.i2vgen_xl.memory.footprints import Footprint, FootprintKind

FULL = FootprintKind("320-640-1280-1280", "cuda", 2)
SMALL, LARGE = 512 * 512 * 16, 768 * 768 * 24


def test_without_a_measurement_the_estimate_follows_the_layers_shapes() -> None:
    estimator = MemoryEstimator(FULL, 3.0 * GIB)
    assert not estimator.is_measured()
    assert estimator.choose(SMALL, True, 12 * GIB) is MemoryMode.NONE
    assert estimator.choose(LARGE, True, 24 * GIB) is MemoryMode.NONE
    assert estimator.choose(LARGE, True, 10 * GIB) is MemoryMode.SLICES
    assert estimator.choose(LARGE, True, 6 * GIB) is MemoryMode.EIGHT_BIT
    assert estimator.choose(LARGE, True, 3 * GIB) is None


def test_measured_rows_are_used_where_there_are_any() -> None:
    rows = [Footprint(FULL, "none", 512, 512, 16, 1000)]
    estimator = MemoryEstimator(FULL, 100.0, rows=rows)
    assert estimator.is_measured()
    measured = 100.0 + 1000 * MARGIN + RESERVE
    assert estimator.need(SMALL, MemoryMode.NONE) == pytest.approx(measured)
    assert estimator.need(SMALL, MemoryMode.HALVES) > 1e8 + RESERVE


def test_what_others_hold_on_a_device_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of 24 GiB other processes hold 2, torch 6: 3 of weights, 1.5 of a judge, 1.5 of its cache.
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (16 * GIB, 24 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 6 * GIB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 4.5 * GIB)
    assert available_bytes(torch.device("cuda"), 3.0 * GIB) == (16 + 1.5 + 3) * GIB

"""Estimates cover what a clip was measured to take, and running out of memory changes no byte."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.memory import measure_footprints, measure_recovery, working_bytes
from gpu_worker.lab.bench.pipelines import PipelinePair, engine_clip, load_engine
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryEstimator, MemoryMode
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from storage.domain.request import Preset


@pytest.mark.filterwarnings("ignore")
def test_the_estimate_covers_a_measured_run(still_checkpoint: Path) -> None:
    engine = load_engine(still_checkpoint, torch.device("cpu"), Optimizations())
    small, between, large = (ClipShape(side, side, 4, 1) for side in (64, 96, 128))
    rows = measure_footprints(engine, [small, large], [MemoryMode.NONE])
    estimator = MemoryEstimator(rows[0].kind, 0.0, rows=rows)
    for shape in (small, between):
        used = working_bytes(engine, partial(engine_clip, engine, shape, Preset.EXACT))
        assert used > 0
        assert estimator.need(shape.pixels, MemoryMode.NONE) >= used


@pytest.mark.filterwarnings("ignore")
def test_running_out_of_memory_at_every_step_changes_no_byte(pair: PipelinePair) -> None:
    assert measure_recovery(pair, ClipShape(64, 64, 4, 5))["difference"] == 0.0

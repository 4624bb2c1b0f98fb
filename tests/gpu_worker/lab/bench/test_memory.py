"""The estimate that follows from measured footprints covers a measured run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

from gpu_worker.lab.bench import memory, pipelines
from gpu_worker.lab.bench.pipelines import Shape
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryEstimator, MemoryMode
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from storage.domain.request import Preset


@pytest.mark.filterwarnings("ignore")
def test_the_estimate_covers_a_measured_run(still_checkpoint: Path) -> None:
    engine = pipelines.engine(still_checkpoint, torch.device("cpu"), "fp32", Optimizations())
    small, between, large = (Shape(side, side, 8, 2) for side in (64, 96, 128))
    rows = memory.measure(engine, [small, large], [MemoryMode.NONE])
    estimator = MemoryEstimator(rows[0].kind, 0.0, rows=rows)
    for shape in (small, between):
        used = memory.working(engine, partial(pipelines.clip, engine, shape, Preset.EXACT))
        pixels = shape.width * shape.height * shape.frames
        assert used > 0
        assert estimator.need(pixels, MemoryMode.NONE).total >= used

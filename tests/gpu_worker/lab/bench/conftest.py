"""Both pipelines over one tiny checkpoint."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import pytest
import torch

from gpu_worker.lab.bench.pipelines import PipelinePair
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations


@pytest.fixture(scope="session")
def pair(still_checkpoint: Path) -> PipelinePair:
    """Load the stock pipeline and the engine."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cpu = torch.device("cpu")
        return PipelinePair.load(still_checkpoint, cpu, Optimizations(), time.process_time)

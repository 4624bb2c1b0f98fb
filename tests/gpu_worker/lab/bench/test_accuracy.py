"""The benchmark compares like with like: the engine's exact clip is the stock pipeline's clip."""

from __future__ import annotations

import pytest
import torch

from gpu_worker.lab.bench.accuracy import measure_errors
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair
from storage.domain.request import Preset


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_exact_is_as_near_to_double_precision_as_the_stock_pipeline(pair: PipelinePair) -> None:
    # oneDNN sums plain and channels-last maps in an order that depends on the processor, which
    # decides the comparison by itself; without it both sides convolve by the same products.
    with torch.backends.mkldnn.flags(enabled=False):
        errors = measure_errors(pair, ClipShape(64, 64, 4, 5))
    exact = errors[Preset.EXACT]
    assert exact["error_vs_reference"] <= exact["stock_error_vs_reference"] < 1e-4
    assert exact["distance_from_exact"] == 0.0
    assert errors[Preset.DRAFT]["distance_from_exact"] > 0.0

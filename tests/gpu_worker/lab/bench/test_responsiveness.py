"""A cancel takes effect within one step."""

from __future__ import annotations

import pytest

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair
from gpu_worker.lab.bench.responsiveness import cancel_steps


@pytest.mark.filterwarnings("ignore")
def test_a_cancel_lets_at_most_one_step_finish(pair: PipelinePair) -> None:
    assert cancel_steps(pair.engine, ClipShape(64, 64, 4, 5), times=6) <= 1.0

"""An optimization's gain is a clip's time without it over that with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from torch import Tensor

from gpu_worker.lab.bench import ablation
from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.pipelines import PipelinePair, engine_latents
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL


@pytest.mark.filterwarnings("ignore")
def test_a_gain_is_the_time_of_a_clip_without_the_optimization(
    pair: PipelinePair, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def timed_latents(engine: I2VGenXL, **options: Any) -> Tensor:
        nonlocal now
        now += 2.0 if engine.options.optimizations.shared_prefix else 3.0
        return engine_latents(engine, **options)

    monkeypatch.setattr(ablation, "engine_latents", timed_latents)
    clocked = replace(pair, clock=lambda: now)
    names = ["shared_prefix", "compiled"]  # the second is off on a CPU
    gains = dict(ablation.measure_gains(clocked, ClipShape(64, 64, 4, 2), 1, names))
    assert gains == {"shared_prefix": 1.5}

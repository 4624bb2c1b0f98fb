"""Predictions from both ends of a clip become one."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch

from gpu_worker.engine.api import Cancelled
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import CameraConditioning
from gpu_worker.models.i2vgen_xl.sampling.time_reversal import (
    FusedPredictor,
    fused,
    fused_conditioning,
)

SAMPLE = torch.arange(5.0)[None, None, :, None, None].expand(1, 4, 5, 2, 2).clone()


def test_the_ends_are_predicted_from_their_own_picture_alone() -> None:
    seen: list[torch.Tensor] = []

    def backwards(_index: int, sample: torch.Tensor) -> torch.Tensor:
        seen.append(sample)
        return sample * 100

    predictor = FusedPredictor(
        cast(Any, lambda _index, sample: sample), cast(Any, backwards), lambda: None
    )
    found = predictor(0, SAMPLE)[0, 0, :, 0, 0]
    assert seen[0][0, 0, :, 0, 0].tolist() == [4, 3, 2, 1, 0]
    assert found[[0, 4]].tolist() == [0.0, 400.0]
    assert found[2] == pytest.approx(0.5 * 2 + 0.5 * 200)


def test_a_cancel_acts_between_the_passes_of_a_step() -> None:
    def cancelled() -> None:
        raise Cancelled

    predictor = FusedPredictor(
        cast(Any, lambda _index, sample: sample),
        cast(Any, lambda *_: pytest.fail("the second pass was taken")),
        cancelled,
    )
    with pytest.raises(Cancelled):
        predictor(0, SAMPLE)


def test_one_frame_stands_for_all() -> None:
    still = torch.ones(4, 1, 2, 2)
    assert torch.equal(fused(still, SAMPLE[0] * 0)[0, :, 0, 0][[0, -1]], torch.tensor([1.0, 0.0]))


def test_a_sample_means_latents_of_both_pictures() -> None:
    def camera(value: float, scale: torch.Tensor | float) -> CameraConditioning:
        plane = torch.full((4, 5, 2, 2), value)
        return CameraConditioning(plane, plane, scale, None, 0)

    both = fused_conditioning(camera(10.0, 0.5), camera(20.0, torch.zeros(5, 2, 2)))
    latents = both.to_latents(torch.ones(4, 5, 2, 2))[0, :, 0, 0]
    assert latents[[0, 4]].tolist() == [10.5, 20.0]
    assert both.initial_latents is None

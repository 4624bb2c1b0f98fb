"""Clips that share their forward passes are the clips of their seeds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.full_size import denoised_inputs
from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.pipeline import ClipInputs
from storage.domain.camera.motion import Motion, Reading
from storage.domain.catalogue import PresetRow
from storage.domain.models.sampling import Spacing
from storage.domain.request import Preset
from tests.support.models import generate, silent_tracker, tiny_request


@pytest.mark.parametrize("name", ["moved", "embedded"])
def test_a_clip_is_the_same_as_the_second_of_a_batch(
    request: pytest.FixtureRequest, canvas: Canvas, name: str
) -> None:
    engine: I2VGenXL = request.getfixturevalue(f"{name}_engine")
    pipeline = engine.pipeline
    first, second = (
        denoised_inputs(
            tiny_request(seed=seed, frames=8, steps=3, guidance=2.0),
            canvas,
            Reading(Motion.ZOOM_IN),
        )
        for seed in (1, 2)
    )

    def latents(*inputs: ClipInputs) -> torch.Tensor:
        fallback = MemoryFallback(pipeline.unet, pipeline.device)
        row = engine.presets[second.request.preset]
        with torch.inference_mode():
            clips = pipeline.denoise_clips(inputs, row, fallback, silent_tracker(3))
        return clips[-1][1]

    alone, beside = latents(second), latents(first, second)
    assert float((alone - beside).norm() / alone.norm()) < 1e-3


@pytest.mark.parametrize(
    "row",
    [PresetRow(), PresetRow(rescale=0.7), PresetRow(spacing=Spacing.TRAILING)],
    ids=repr,
)
def test_what_a_preset_says_reaches_the_denoising(
    still_engine: I2VGenXL, canvas: Canvas, monkeypatch: pytest.MonkeyPatch, row: PresetRow
) -> None:
    usual = generate(still_engine, canvas, guidance=9.0).array
    monkeypatch.setattr(still_engine, "presets", {**still_engine.presets, Preset.EXACT: row})
    made = generate(still_engine, canvas, guidance=9.0).array
    # The checkpoint's own scheduler is DDIM, as that of the catalogue's exact preset.
    assert np.array_equal(made, usual) is (row == PresetRow())

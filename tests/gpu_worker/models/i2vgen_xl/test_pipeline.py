"""Clips that share their forward passes are the clips of their seeds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gpu_worker.media import warp
from gpu_worker.media.frames import Frame
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import encoders
from gpu_worker.models.i2vgen_xl.checkpoint.components import Components
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.full_size import denoised_inputs
from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.pipeline import ClipInputs
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose, Reading
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


def test_a_checkpoint_is_shown_the_picture_that_the_clip_begins_with(
    still_engine: I2VGenXL, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Frame] = []
    encode = encoders.encode_image

    def recorded(components: Components, picture: Frame) -> torch.Tensor:
        shown.append(picture)
        return encode(components, picture)

    monkeypatch.setattr(encoders, "encode_image", recorded)
    start = Pose(0.1, 0.0, 2.0)
    path = (Keyframe(0.0, start), Keyframe(1.0, Pose()))
    begun = generate(still_engine, canvas, frames=4, camera=Camera(keyframes=path))
    generate(still_engine, canvas, frames=4, camera=Camera(keyframes=path[1:]))
    [expected] = warp.move(canvas.source, canvas.window, (start,), canvas.size)
    assert np.array_equal(shown[0], expected)
    assert np.array_equal(shown[1], canvas.fitted)
    assert "first_frame" in dict(begun.scores)

"""The engine makes the clip that was asked for, reports its progress, and stops when cancelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gpu_worker.engine.api import Cancelled, NotUsable
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.domain.camera.motion import Camera, Motion
from storage.domain.progress import Progress, Stage
from storage.domain.request import Preset
from tests.support.models import generate, load_engine, tiny_request


@pytest.mark.parametrize("preset", list(Preset))
@pytest.mark.parametrize("kind", ["still", "moved"])
def test_every_preset_gives_the_frames_that_were_asked_for(
    request: pytest.FixtureRequest, canvas: Canvas, kind: str, preset: Preset
) -> None:
    engine: I2VGenXL = request.getfixturevalue(f"{kind}_engine")
    frames = generate(engine, canvas, preset=preset, steps=8).array
    assert frames.shape == (4, 64, 64, 3)
    assert frames.dtype == np.uint8


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_the_same_seed_gives_the_same_bytes(
    still_engine: I2VGenXL, moved_engine: I2VGenXL, canvas: Canvas, strength: float
) -> None:
    for engine in (still_engine, moved_engine):
        first, second = (
            generate(engine, canvas, camera=Camera(strength=strength), steps=2).array
            for _ in range(2)
        )
        assert np.array_equal(first, second)


def test_another_seed_gives_another_clip(moved_engine: I2VGenXL, canvas: Canvas) -> None:
    first, second = (generate(moved_engine, canvas, seed=seed).array for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_a_freshly_loaded_engine_gives_the_same_bytes(
    moved_checkpoint: Path, moved_engine: I2VGenXL, canvas: Canvas
) -> None:
    first, second = (
        generate(engine, canvas).array for engine in (load_engine(moved_checkpoint), moved_engine)
    )
    assert np.array_equal(first, second)


def test_progress_counts_every_step_and_estimates_what_is_left(
    moved_engine: I2VGenXL, canvas: Canvas
) -> None:
    seen: list[Progress] = []
    moved_engine.generate(
        tiny_request(), canvas, lambda progress, _preview: seen.append(progress), lambda: False
    )
    denoising = [one for one in seen if one.stage is Stage.DENOISING]
    assert [one.step for one in denoising] == [0, 1, 2, 3, 4]
    assert all(one.steps == 4 for one in denoising)
    assert all(one.eta is not None and one.eta >= 0 for one in denoising[1:])
    assert seen[0].stage is Stage.PREPARING
    assert seen[-1].stage is Stage.DECODING


@pytest.fixture(scope="module")
def whole(moved_engine: I2VGenXL, canvas: Canvas) -> Frames:
    """Make the clip that is not cancelled."""
    return generate(moved_engine, canvas).array


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_cancel_acts_within_one_step_and_leaves_no_trace(
    moved_engine: I2VGenXL, canvas: Canvas, whole: Frames, after: int
) -> None:
    cancelled = [False]
    steps: list[int] = []

    def on_progress(progress: Progress, _preview: bytes | None) -> None:
        if progress.stage is Stage.DENOISING:
            steps.append(progress.step)
            cancelled[0] = cancelled[0] or progress.step == after

    with pytest.raises(Cancelled):
        moved_engine.generate(tiny_request(), canvas, on_progress, lambda: cancelled[0])
    assert steps[-1] <= after + 1
    assert np.array_equal(generate(moved_engine, canvas).array, whole)


@pytest.mark.parametrize(
    ("prompt", "motion"), [("pan left slowly", Motion.PAN_LEFT), ("a red boat", Motion.DRIFT)]
)
def test_the_result_names_its_motion(
    moved_engine: I2VGenXL, canvas: Canvas, prompt: str, motion: Motion
) -> None:
    assert generate(moved_engine, canvas, prompt=prompt, steps=2).motion is motion


def test_a_missing_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotUsable):
        load_engine(tmp_path)

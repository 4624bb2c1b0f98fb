"""The engine makes the clip that was asked for, tells how far it is, and stops when told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gpu_worker.engine.api import Cancelled
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.domain.camera.motion import Camera, Motion
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest, Preset

from .conftest import Order, engine_of


def make(engine: I2VGenXL, request: GenerationRequest, canvas: Canvas) -> Frames:
    """Make a clip without watching."""
    return engine.generate(request, canvas, lambda _progress, _preview: None, lambda: False).frames


@pytest.mark.parametrize("preset", list(Preset))
@pytest.mark.parametrize("kind", ["still", "moved"])
def test_every_preset_gives_the_frames_that_were_asked_for(
    request: pytest.FixtureRequest, canvas: Canvas, order: Order, kind: str, preset: Preset
) -> None:
    engine: I2VGenXL = request.getfixturevalue(f"{kind}_engine")
    frames = make(engine, order(preset=preset, steps=8), canvas)
    assert frames.shape == (4, 64, 64, 3)
    assert frames.dtype == np.uint8


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_the_same_seed_gives_the_same_bytes(
    still_engine: I2VGenXL, moved_engine: I2VGenXL, canvas: Canvas, order: Order, strength: float
) -> None:
    for engine in (still_engine, moved_engine):
        asked = order(camera=Camera(strength=strength))
        assert np.array_equal(make(engine, asked, canvas), make(engine, asked, canvas))


def test_another_seed_gives_another_clip(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    first, second = (make(moved_engine, order(seed=seed), canvas) for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_a_freshly_loaded_engine_gives_the_same_bytes(
    moved_like: Path, moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    again = engine_of(moved_like)
    assert np.array_equal(make(again, order(), canvas), make(moved_engine, order(), canvas))


def test_progress_counts_every_step_and_tells_what_is_left(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    seen: list[Progress] = []
    moved_engine.generate(order(), canvas, lambda one, _: seen.append(one), lambda: False)
    denoising = [one for one in seen if one.stage is Stage.DENOISING]
    assert [one.step for one in denoising] == [0, 1, 2, 3, 4]
    assert all(one.steps == 4 for one in denoising)
    assert all(one.eta is not None and one.eta >= 0 for one in denoising[1:])
    assert seen[0].stage is Stage.PREPARING
    assert seen[-1].stage is Stage.DECODING


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_cancel_is_heard_within_one_step_and_leaves_no_trace(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, after: int
) -> None:
    whole = make(moved_engine, order(), canvas)
    told = [False]
    steps: list[int] = []

    def on_progress(progress: Progress, _preview: bytes | None) -> None:
        if progress.stage is Stage.DENOISING:
            steps.append(progress.step)
            told[0] = told[0] or progress.step == after

    with pytest.raises(Cancelled):
        moved_engine.generate(order(), canvas, on_progress, lambda: told[0])
    assert steps[-1] <= after + 1
    assert np.array_equal(make(moved_engine, order(), canvas), whole)


def test_the_motion_is_read_from_the_words(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    asked = order(prompt="pan left slowly")
    result = moved_engine.generate(asked, canvas, lambda _progress, _preview: None, lambda: False)
    assert result.motion is Motion.PAN_LEFT


def test_words_without_any_motion_give_a_drift(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    asked = order(prompt="a red boat")
    result = moved_engine.generate(asked, canvas, lambda _progress, _preview: None, lambda: False)
    assert result.motion is Motion.DRIFT


def test_a_missing_checkpoint_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        engine_of(tmp_path)

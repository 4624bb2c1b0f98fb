"""Clips that arrive at a picture of their own, natively where the model makes every pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gpu_worker.engine.api import Cancelled
from gpu_worker.media import quality
from gpu_worker.media.clips.clip_grid import ClipGrid
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.full_size import denoised_inputs
from storage.domain.camera.motion import Motion, Reading
from storage.domain.progress import Progress, Stage
from storage.domain.request import DenoisedShape
from tests.gpu_worker.render.scenes import photograph, whole
from tests.support.models import generate, tiny_request


@pytest.fixture(scope="module")
def between(canvas: Canvas) -> Canvas:
    """Return a picture with another one to end with."""
    return replace(canvas, end=whole(photograph("astronaut", 128), canvas.size))


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", ["still", "moved"])
def test_both_pictures_are_in_what_a_random_checkpoint_makes(
    request: pytest.FixtureRequest, between: Canvas, name: str, strength: float
) -> None:
    engine: I2VGenXL = request.getfixturevalue(f"{name}_engine")
    camera = replace(tiny_request().camera, strength=strength)
    other = replace(between, end=replace(between, end=None))
    one, two, alone = (
        generate(engine, canvas, frames=5, camera=camera).array
        for canvas in (between, other, replace(between, end=None))
    )
    assert one.shape == alone.shape
    assert not np.array_equal(one[-1], two[-1])
    assert not np.array_equal(one[-1], alone[-1])


def test_embedded_weights_arrive_at_the_picture(embedded_engine: I2VGenXL, between: Canvas) -> None:
    frames = generate(
        embedded_engine, between, frames=16, steps=4, guidance=1.0, prompt="pan left"
    ).array
    end = between.end
    assert end is not None
    assert quality.psnr(frames[0], between.fitted) >= 30.0
    assert quality.psnr(frames[-1], end.fitted) >= 30.0
    steps = np.abs(np.diff(frames.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    assert steps.max() <= 2 * np.median(steps)


def test_each_step_is_counted_once_and_a_cancel_ends_it(
    still_engine: I2VGenXL, between: Canvas
) -> None:
    told: list[Progress] = []
    request = tiny_request(steps=4)
    engine = still_engine
    engine.generate(request, between, lambda progress, _: told.append(progress), lambda: False)
    steps = [(one.step, one.steps) for one in told if one.stage is Stage.DENOISING]
    assert steps[-1][0] == steps[-1][1]
    assert [step for step, _ in steps] == list(range(len(steps)))
    with pytest.raises(Cancelled):
        engine.generate(request, between, lambda *_: None, lambda: True)


def test_a_smaller_clip_arrives_too(between: Canvas) -> None:
    inputs = denoised_inputs(tiny_request(frames=5), between, Reading(Motion.ZOOM_IN))
    small = inputs.sized((32, 32))
    assert small.backwards is not None
    assert (small.request.width, small.canvas.size) == (32, (32, 32))
    assert (small.backwards.request.width, small.backwards.canvas.size) == (32, (32, 32))
    assert small.backwards.poses[0] == small.poses[0]


def test_a_rendered_clip_arrives_whatever_is_drafted(
    moved_engine: I2VGenXL, between: Canvas
) -> None:
    large = between.sized((96, 96))
    end = large.end
    assert end is not None
    shape = {"width": 96, "height": 96, "frames": 12, "denoised": DenoisedShape(64, 64, 4)}
    clip = generate(moved_engine, large, prompt="pan left", **shape)
    assert np.array_equal(clip.frames[0], large.fitted)
    assert np.array_equal(clip.frames[11], end.fitted)
    drafts = generate(moved_engine, large, candidates=2, drafts=(64, 64), **shape).frames
    assert isinstance(drafts, ClipGrid)
    assert all(np.array_equal(draft[11], end.sized((64, 64)).fitted) for draft in drafts.cells)

"""Clips through the scene of a picture, where the operator has a depth model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.full_size import ClipDepth, denoised_inputs
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import moved_picture
from gpu_worker.render.depth.inverse_depth import DepthMap
from gpu_worker.render.depth.scene import Scene
from gpu_worker.render.dissolve import Dissolve
from storage.domain.camera.motion import Motion, Pose, Reading
from storage.domain.request import DenoisedShape
from tests.gpu_worker.models.depth.tiny_models import write_depth_anything
from tests.support.models import generate, load_engine, tiny_request

DENOISED = DenoisedShape(64, 64, 4)
RENDERED = {"width": 96, "height": 96, "frames": 8, "prompt": "pan left", "denoised": DENOISED}


@pytest.fixture(scope="module")
def deep_engine(moved_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> I2VGenXL:
    """Load the tiny checkpoint beside a tiny depth estimator."""
    folder = write_depth_anything(tmp_path_factory.mktemp("depth"))
    return load_engine(moved_checkpoint, depth_model=str(folder))


@pytest.mark.filterwarnings("ignore")
def test_a_rendered_clip_moves_through_the_scene(
    deep_engine: I2VGenXL, moved_engine: I2VGenXL, canvas: Canvas
) -> None:
    large = replace(canvas, size=(96, 96))
    deep = generate(deep_engine, large, depth_model="depth", **RENDERED)
    flat = generate(moved_engine, large, **RENDERED)
    assert isinstance(deep.frames, Scene)
    assert np.array_equal(deep.frames[0], large.fitted)
    assert not np.array_equal(deep.frames[7], flat.frames[7])


@pytest.mark.filterwarnings("ignore")
def test_an_order_of_a_flat_picture_gets_one_to_the_byte(
    deep_engine: I2VGenXL, moved_engine: I2VGenXL, canvas: Canvas
) -> None:
    large = replace(canvas, size=(96, 96))
    one, other = (generate(engine, large, **RENDERED) for engine in (deep_engine, moved_engine))
    assert np.array_equal(one.array, other.array)


def test_where_denoising_starts_moves_through_the_scene_too(canvas: Canvas) -> None:
    ramp = DepthMap(np.linspace(0.0, 1.0, 64, dtype=np.float32)[None, :].repeat(64, 0))
    request = tiny_request(frames=4)
    depth = ClipDepth(ramp)
    inputs = denoised_inputs(request, canvas, Reading(Motion.PAN_LEFT), depth)
    frames = moved_picture(canvas, inputs.poses, 1, inputs.depth)
    flat = moved_picture(canvas, inputs.poses, 1)
    assert frames.shape == flat.shape
    assert np.array_equal(frames[0], flat[0])
    assert not np.array_equal(frames[3], flat[3])


def test_a_picture_that_stands_still_is_one_frame(canvas: Canvas) -> None:
    ramp = DepthMap(np.linspace(0.0, 1.0, 64, dtype=np.float32)[None, :].repeat(64, 0))
    assert len(moved_picture(canvas, (Pose(),) * 4, 1, ramp)) == 1


@pytest.mark.filterwarnings("ignore")
def test_the_picture_that_a_clip_ends_with_has_a_scene_of_its_own(
    deep_engine: I2VGenXL, canvas: Canvas
) -> None:
    end = replace(canvas, source=canvas.source[::-1].copy())
    between = replace(canvas, end=end).sized((96, 96))
    clip = generate(deep_engine, between, depth_model="depth", **RENDERED).frames
    assert isinstance(clip, Dissolve)
    assert (type(clip.first), type(clip.last)) == (Scene, Scene)
    assert np.array_equal(clip[7], end.sized((96, 96)).fitted)

"""What the camera's path gives to the denoising, and where the model's own answer counts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import (
    CameraConditioning,
    resolve_motion,
    uncovered_shares,
)
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose, Reading, Speed
from tests.support.examples import REQUEST

SMALL = Canvas(np.zeros((32, 32, 3), np.uint8), (0.0, 0.0, 32.0, 32.0), (32, 32))
ROOMY = Canvas(np.zeros((64, 64, 3), np.uint8), (16.0, 16.0, 32.0, 32.0), (32, 32))
PATH = (Pose(), Pose(dx=0.25))
KEYFRAMES = Camera(keyframes=(Keyframe(1.0, Pose(dx=0.1)),))


def conditioning() -> CameraConditioning:
    """Return the conditioning of two frames whose picture's latents are all ones."""
    return CameraConditioning(torch.ones(4, 2, 8, 8), torch.ones(4, 2, 8, 8), 0.5, None, 0)


def nearest_motion(prompt: str) -> Reading:
    """Return a motion as the checkpoint's text encoder does, for prompts that no rule reads."""
    assert prompt == "the camera meanders"
    return Reading(Motion.ZOOM_IN)


@pytest.mark.parametrize(
    ("changes", "motion", "speed"),
    [
        ({"reading": Reading(Motion.PAN_LEFT, Speed.FAST)}, Motion.PAN_LEFT, Speed.FAST),
        ({"prompt": "the camera meanders"}, Motion.ZOOM_IN, Speed.SLOW),
        ({"camera": Camera(Motion.SHAKE, Speed.SLOW)}, Motion.SHAKE, Speed.SLOW),
        ({"camera": KEYFRAMES}, Motion.AUTO, Speed.NORMAL),
    ],
)
def test_the_encoder_runs_only_where_nothing_was_read(
    changes: dict[str, Any], motion: Motion, speed: Speed
) -> None:
    slow = replace(REQUEST, camera=Camera(speed=Speed.SLOW), reading=None)
    assert resolve_motion(replace(slow, **changes), nearest_motion) == Reading(motion, speed)


@pytest.mark.parametrize(
    "prompt", ["bring this photo to life", "!!!", "la cámara se acerca", "she looks at the camera"]
)
def test_nothing_is_guessed_where_nothing_is_said_of_the_camera(prompt: str) -> None:
    def never(prompt: str) -> Reading:
        raise AssertionError(prompt)

    request = replace(REQUEST, prompt=prompt, camera=Camera(speed=Speed.SLOW), reading=None)
    assert resolve_motion(request, never) == Reading(Motion.DRIFT, Speed.SLOW)


def test_without_prototypes_an_unread_prompt_drifts() -> None:
    request = replace(REQUEST, prompt="zoom in", reading=None)
    assert resolve_motion(request, lambda _prompt: None) == Reading(Motion.DRIFT)


def test_a_pan_uncovers_the_side_that_it_goes_to() -> None:
    uncovered = uncovered_shares(SMALL, PATH, 4)
    assert uncovered.shape == (2, 8, 8)
    assert uncovered[0].sum() == 0
    assert (uncovered[1, :, 7] == 1).all()
    assert (uncovered[1, :, :5] == 0).all()


def test_a_larger_picture_is_not_left_so_soon() -> None:
    assert uncovered_shares(ROOMY, PATH, 4).sum() == 0


def test_full_strength_keeps_what_the_picture_shows() -> None:
    uncovered = uncovered_shares(SMALL, PATH, 4)
    latents = conditioning().limited_to(uncovered, 1.0).to_latents(torch.full((4, 2, 8, 8), 2.0))
    assert (latents[:, 0] == 1).all()
    assert (latents[:, 1, :, 7] == 2).all()


@pytest.mark.parametrize(("strength", "value"), [(1.0, 1.0), (0.75, 1.25), (0.0, 2.0)])
def test_less_strength_leaves_more_to_the_model(strength: float, value: float) -> None:
    nothing = torch.zeros(2, 8, 8)
    latents = conditioning().limited_to(nothing, strength).to_latents(torch.full((4, 2, 8, 8), 2.0))
    assert torch.allclose(latents, torch.tensor(value))

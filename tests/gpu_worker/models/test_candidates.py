"""Candidates that share forward passes, and of which the best is kept."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_worker.media.frames import Frames
from gpu_worker.media.motion import MeasuredMotion
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width, candidates
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from storage.domain.camera.motion import Camera, Keyframe, Motion, Pose
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest

from .conftest import Order


def test_candidates_share_one_count_of_steps_and_show_their_scores(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    seen: list[Progress] = []
    asked = order(candidates=2, seed=11)
    result = moved_engine.generate(asked, canvas, lambda one, _: seen.append(one), lambda: False)
    scores = dict(result.scores)
    assert {"first_frame", "flicker", "motion", "shake", "seed_11", "seed_12"} == set(scores)
    assert scores[f"seed_{result.seed}"] == max(scores["seed_11"], scores["seed_12"])
    steps = [one.step for one in seen if one.stage is Stage.DENOISING]
    assert steps == sorted(steps)
    assert steps[-1] == 8
    assert all(one.steps == 8 for one in seen if one.stage is Stage.DENOISING)


def test_a_path_of_several_motions_is_not_judged_by_one(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    there_and_back = (Keyframe(0.5, Pose(zoom=1.3)), Keyframe(1.0, Pose(dx=0.2)))
    asked = order(prompt="zoom in", camera=Camera(keyframes=there_and_back))
    result = moved_engine.generate(asked, canvas, lambda _one, _preview: None, lambda: False)
    assert result.motion is Motion.AUTO
    assert {name for name, _value in result.scores} == {"first_frame", "flicker"}


@pytest.mark.parametrize("width", [1, 2])
def test_the_chosen_candidate_is_the_clip_of_its_seed(
    moved_engine: I2VGenXL,
    canvas: Canvas,
    order: Order,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def make(request: GenerationRequest) -> tuple[Frames, int]:
        result = moved_engine.generate(
            request, canvas, lambda _progress, _preview: None, lambda: False
        )
        return result.frames, result.seed

    monkeypatch.setattr(batch_width, "measure", lambda *_: width)
    frames, seed = make(order(candidates=2, seed=11))
    alone = make(order(seed=seed))[0]
    # Passes that are shared round in another order: then it is the same clip, not the same bytes.
    assert np.abs(frames.astype(int) - alone).max() <= width - 1


def test_a_camera_that_does_as_told_scores_higher() -> None:
    obeys = MeasuredMotion(pan=-0.2, tilt=0.0, zoom=0.0, roll=0.0, shake=0.0)
    mixes = MeasuredMotion(pan=-0.1, tilt=0.1, zoom=0.0, roll=0.0, shake=0.0)
    defies = MeasuredMotion(pan=0.2, tilt=0.0, zoom=0.0, roll=0.0, shake=0.0)
    scores = [candidates.motion_score(one, Motion.PAN_LEFT) for one in (obeys, mixes, defies)]
    assert scores[0] > scores[1] > scores[2] == 0.0
    assert candidates.motion_score(obeys, Motion.STATIC) < 1.0

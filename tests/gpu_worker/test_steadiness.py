"""A clip that trembles though it was not to says so, so that the person can be advised."""

from pathlib import Path

import cv2
import numpy as np

from gpu_worker.engine import Frames, Result
from gpu_worker.generate import steadiness
from storage.domain.camera import Motion

PICTURE = Path(__file__).parents[2] / "deploy/local/samples/astronaut.jpg"


def clip(tremble: float) -> Frames:
    """Return 12 frames of a photograph that tremble by this many pixels."""
    loaded = cv2.imread(str(PICTURE))
    assert loaded is not None
    picture = cv2.resize(loaded, (160, 160), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(5)
    frames = []
    for _ in range(12):
        x, y = rng.normal(0, tremble, 2) if tremble else (0.0, 0.0)
        matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
        moved = cv2.warpAffine(picture, matrix, (160, 160), borderMode=cv2.BORDER_REFLECT_101)
        frames.append(moved[16:144, 16:144])
    return np.stack(frames).astype(np.uint8)


def scores(motion: Motion, tremble: float) -> dict[str, float]:
    return dict(steadiness(Result(clip(tremble), 1, motion)).scores)


def test_a_trembling_clip_carries_its_shake() -> None:
    assert scores(Motion.STATIC, 2.0)["shake"] > 0.004


def test_a_steady_clip_carries_none() -> None:
    assert "shake" not in scores(Motion.STATIC, 0.0)


def test_a_shake_that_was_asked_for_is_no_fault() -> None:
    assert "shake" not in scores(Motion.SHAKE, 2.0)

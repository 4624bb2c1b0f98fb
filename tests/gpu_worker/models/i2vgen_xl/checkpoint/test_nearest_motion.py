"""The text encoder finds the nearest motion for wordings that no rule lists."""

from pathlib import Path

import pytest

from gpu_worker.models.i2vgen_xl.checkpoint.nearest_motion import MotionClassifier
from storage.domain.camera.motion import Motion

CHECKPOINT = Path(__file__).parents[5] / "gpu_worker" / "models" / "embedded"


@pytest.fixture(scope="module")
def classifier() -> MotionClassifier:
    """Load the carried checkpoint."""
    return MotionClassifier(CHECKPOINT)


@pytest.mark.parametrize(
    ("prompt", "motion"),
    [
        ("dolly forward", Motion.ZOOM_IN),
        ("the dog sleeps. bring me nearer to the door", Motion.ZOOM_IN),
        ("镜头拉近", Motion.ZOOM_IN),
        ("fly backwards", Motion.ZOOM_OUT),
        ("let us see more of the surroundings", Motion.ZOOM_OUT),
        ("镜头慢慢往后退", Motion.ZOOM_OUT),
        ("camera slides to the left", Motion.PAN_LEFT),
        ("扫向右边", Motion.PAN_RIGHT),
        ("the dog runs; the viewpoint climbs over the roof", Motion.TILT_UP),
        ("lower the viewpoint", Motion.TILT_DOWN),
        ("画面逆时针转一圈", Motion.ROLL_COUNTERCLOCKWISE),
        ("earthquake!", Motion.SHAKE),
        ("nothing should move", Motion.STATIC),
        ("a dog runs on the beach", Motion.DRIFT),
    ],
)
def test_the_nearest_motion_is_the_one_that_is_meant(
    classifier: MotionClassifier, prompt: str, motion: Motion
) -> None:
    assert classifier.nearest(prompt)[0] is motion


@pytest.mark.parametrize("prompt", ["", "🙂", "\x00", "，。", "word " * 2000])
def test_any_prompt_has_an_answer(classifier: MotionClassifier, prompt: str) -> None:
    motion, closeness = classifier.nearest(prompt)
    assert motion in Motion
    assert -1.0 <= closeness <= 1.0


def test_a_long_description_does_not_drown_the_camera(classifier: MotionClassifier) -> None:
    prompt = "an old castle on a hill at dusk, " * 12 + "the camera glides to the left"
    assert classifier.nearest(prompt)[0] is Motion.PAN_LEFT


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        MotionClassifier(tmp_path)

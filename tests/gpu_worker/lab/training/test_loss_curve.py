"""The loss curves are drawn from the training log."""

from pathlib import Path

import cv2

from gpu_worker.lab.training import loss_curve
from gpu_worker.lab.training.trainers.training_run import TrainingRun


def test_the_curve_is_drawn_from_the_log(tmp_path: Path) -> None:
    run = TrainingRun(tmp_path, "unet", seconds=600.0)
    for minutes, value in ((1, 2.0), (2, 2.0), (3, 1.0)):
        run.elapsed, run.step = 60.0 * minutes, minutes
        run.log(loss=value)
    loss_curve.draw(tmp_path / "losses.csv", tmp_path / "docs" / "loss.png")
    picture = cv2.imread(str(tmp_path / "docs" / "loss.png"))
    assert picture is not None
    # The curve is blue, in OpenCV's order; titles and axes are grey.
    blue = picture[..., 0].astype(int) - picture[..., 2]
    assert (blue > 100).sum() > 100


def test_a_step_taken_again_after_a_stop_counts_once(tmp_path: Path) -> None:
    log = tmp_path / "losses.csv"
    log.write_text("unet,25,1.0,loss,3\nunet,50,2.0,loss,2.5\nunet,50,2.2,loss,2\n")
    assert loss_curve.read(log) == {("unet", "loss"): [(1.0, 3.0), (2.2, 2.0)]}

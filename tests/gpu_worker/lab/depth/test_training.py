"""A depth estimator that is trained on rendered scenes, and what serves it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gpu_worker.lab.depth import training
from gpu_worker.models.depth.estimator import DepthEstimator


@pytest.mark.filterwarnings("ignore")
def test_what_was_trained_is_a_depth_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "HELD_OUT", 2)
    lines: list[str] = []
    report = training.train(tmp_path, 0.5, 2, lines.append)
    assert report.steps >= 1
    assert -1.0 <= report.correlation <= 1.0
    view = training.draw(np.random.default_rng(3))
    depth = DepthEstimator.load(str(tmp_path), torch.device("cpu"))(view.frame)
    assert depth.metric
    assert depth.values.shape == view.distance.shape

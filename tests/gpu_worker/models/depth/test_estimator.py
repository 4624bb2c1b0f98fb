"""Depth estimators of several architectures, loaded as an operator names them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from gpu_worker.engine.api import NotUsable
from gpu_worker.models.depth.estimator import LARGEST, DepthEstimator, locate
from tests.gpu_worker.models.depth.tiny_models import write_depth_anything, write_dpt, write_glpn
from tests.gpu_worker.render.scenes import photograph

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("write", "distances"),
    [
        (partial(write_depth_anything, kind="relative"), False),
        (partial(write_depth_anything, kind="metric"), True),
        (partial(write_dpt, projection=False), False),
        (partial(write_dpt, projection=True), True),
        (write_glpn, True),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_each_kind_answers_for_the_whole_picture(
    write: Callable[[Path], Path], distances: bool, tmp_path: Path
) -> None:
    estimator = DepthEstimator.load(str(write(tmp_path)), CPU)
    picture = photograph("coffee", 96)[:72]
    depth = estimator(np.ascontiguousarray(picture))
    assert depth.values.shape == (72, 96)
    assert depth.values.dtype == np.float32
    assert depth.metric is distances
    assert np.isfinite(depth.values).all()


@pytest.mark.filterwarnings("ignore")
def test_distances_become_inverse_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator = DepthEstimator.load(str(write_glpn(tmp_path)), CPU)
    monkeypatch.setattr(estimator.model, "forward", lambda **_: _answer())
    values = estimator(photograph("coffee", 64)).values
    assert values[32, 5] / values[32, 58] == pytest.approx(3.0, rel=0.05)


def _answer() -> object:
    answer = torch.full((1, 64, 64), 1.0)
    answer[..., 32:] = 3.0
    return type("Answer", (), {"predicted_depth": answer})()


@pytest.mark.filterwarnings("ignore")
def test_a_large_pictures_map_is_bounded(tmp_path: Path) -> None:
    estimator = DepthEstimator.load(str(write_depth_anything(tmp_path)), CPU)
    assert estimator(np.zeros((1000, 1536, 3), np.uint8)).values.shape == (500, LARGEST)


@pytest.mark.parametrize("source", ["/no/such/folder", "tests", "nonsense"])
def test_a_folder_without_a_model_is_named(source: str) -> None:
    with pytest.raises(NotUsable, match=source):
        locate(source)


@pytest.mark.filterwarnings("ignore")
def test_another_kind_of_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(NotUsable, match="holds no depth estimator"):
        DepthEstimator.load(str(tmp_path), CPU)

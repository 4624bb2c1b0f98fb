"""Camera paths for training start at rest and show every motion."""

import numpy as np

from gpu_worker.lab.training.data.camera_paths import random_path
from storage.domain.camera.motion import Pose


def test_a_path_starts_at_rest_and_moves() -> None:
    rng = np.random.default_rng(1)
    paths = [random_path(16, rng) for _ in range(50)]
    assert all(path.poses[0] == Pose() for path in paths)
    assert sum(path.poses[-1] != Pose() for path in paths) > 40
    assert len({path.motion for path in paths}) > 8

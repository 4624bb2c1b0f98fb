"""Training clips: truth comes from the larger picture, moved frames from less of it."""

import cv2
import numpy as np
import pytest

from gpu_worker.lab.training.data import clip_pairs as clips
from gpu_worker.lab.training.data.camera_paths import full, random_path
from gpu_worker.lab.training.data.image_dataset import Gallery, Pixels
from gpu_worker.media.warp import move
from storage.domain.camera.motion import Motion, Pose


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    """Make a gallery of two drawn pictures and one cut-out."""
    rng = np.random.default_rng(0)

    def drawn(channels: int) -> Pixels:
        coarse = rng.integers(0, 256, (16, 20, channels)).astype(np.uint8)
        return np.asarray(cv2.resize(coarse, (400, 320), interpolation=cv2.INTER_CUBIC), np.uint8)

    return Gallery([drawn(3), drawn(3)], [drawn(3)], [drawn(4)], {})


def test_a_pair_is_the_same_for_the_same_seed(gallery: Gallery) -> None:
    one, two = (clips.draw(gallery, np.random.default_rng(3), (64, 64), 4) for _ in range(2))
    assert (one.truth == two.truth).all()
    assert (one.moved == two.moved).all()
    assert one.truth.shape == one.moved.shape == (4, 64, 64, 3)


def test_the_fitted_picture_alone_is_mirrored_where_the_truth_goes_on(gallery: Gallery) -> None:
    picture, window = gallery.pictures[0], (100.0, 60.0, 128.0, 128.0)
    poses = (Pose(), full(Motion.PAN_RIGHT, 2.0, 1.0))
    truth = move(picture, window, poses, (64, 64))
    moved = clips.from_fitted(picture, window, poses, (64, 64))
    difference = np.abs(truth[1].astype(int) - moved[1]).mean((0, 2))
    assert (truth[0] == moved[0]).all()
    assert difference[45:].mean() > 4 * difference[:30].mean()


def test_a_window_at_the_edge_is_not_inside(gallery: Gallery) -> None:
    picture = gallery.pictures[0]
    assert not clips.inside(picture, (0.0, 0.0, 128.0, 128.0), (Pose(dx=-0.2),))
    assert clips.inside(picture, (100.0, 100.0, 128.0, 128.0), (Pose(dx=-0.2),))


def test_a_path_starts_at_rest_and_moves() -> None:
    rng = np.random.default_rng(1)
    paths = [random_path(16, rng) for _ in range(50)]
    assert all(path.poses[0] == Pose() for path in paths)
    assert sum(path.poses[-1] != Pose() for path in paths) > 40
    assert len({path.motion for path in paths}) > 8

"""Training clips: truth comes from the larger picture, moved frames from less of it."""

import numpy as np

from gpu_worker.lab.training.data import clip_pairs
from gpu_worker.lab.training.data.camera_paths import pose_at
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.media.warp import fit, move
from storage.domain.camera.motion import Motion, Pose


def test_a_pair_is_the_same_for_the_same_seed(images: ImageDataset) -> None:
    one, two = (clip_pairs.draw(images, np.random.default_rng(3), (64, 64), 4) for _ in range(2))
    assert (one.truth == two.truth).all()
    assert (one.moved == two.moved).all()
    assert one.truth.shape == one.moved.shape == (4, 64, 64, 3)


def test_the_fitted_picture_is_mirrored_where_the_truth_continues(images: ImageDataset) -> None:
    image, window = images.images[0], (100.0, 60.0, 128.0, 128.0)
    poses = (Pose(), pose_at(Motion.PAN_RIGHT, 2.0, 1.0))
    truth = move(image, window, poses, (64, 64))
    fitted, whole = fit(image, window, (64, 64)), clip_pairs.full_window((64, 64))
    moved = move(fitted, whole, poses, (64, 64))
    difference = np.abs(truth[1].astype(int) - moved[1]).mean((0, 2))
    assert (truth[0] == moved[0]).all()
    assert difference[45:].mean() > 4 * difference[:30].mean()


def test_a_path_beyond_the_edge_is_not_covered(images: ImageDataset) -> None:
    image, poses = images.images[0], (Pose(dx=-0.2),)
    assert not clip_pairs.covers(image, (0.0, 0.0, 128.0, 128.0), poses)
    assert clip_pairs.covers(image, (100.0, 100.0, 128.0, 128.0), poses)

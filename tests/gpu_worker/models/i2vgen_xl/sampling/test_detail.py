"""Detail that the autoencoder lost is restored where the model left the picture alone."""

import numpy as np
import pytest

from gpu_worker.models.i2vgen_xl.sampling.detail import restore_detail, restored_share

rng = np.random.default_rng(3)
MOVED = rng.integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)
RECODED = np.full_like(MOVED, 128)
NONE = np.zeros((4, 3, 4, 4), np.float32)


def test_a_model_that_changes_nothing_gives_the_moved_picture() -> None:
    assert np.array_equal(restore_detail(RECODED, MOVED, RECODED, NONE, 1.0), MOVED)


def test_what_the_model_made_itself_stays() -> None:
    own = np.full_like(MOVED, 40)
    assert np.array_equal(restore_detail(own, MOVED, RECODED, NONE + 5.0, 1.0), own)


def test_half_the_strength_gives_back_half() -> None:
    half = restore_detail(RECODED, MOVED, RECODED, NONE, 0.5).astype(float)
    assert np.abs(half - (MOVED.astype(float) + 128) / 2).max() <= 0.5


def test_one_frame_of_a_camera_at_rest_stands_for_all() -> None:
    still = restore_detail(RECODED, MOVED[:1], RECODED[:1], NONE, 1.0)
    assert np.array_equal(still, np.repeat(MOVED[:1], 3, axis=0))


@pytest.mark.parametrize(("change", "share"), [(0.0, 1.0), (0.3, np.exp(-1)), (3.0, 0.0)])
def test_the_share_falls_with_the_distance_of_the_latents(change: float, share: float) -> None:
    shares = restored_share(NONE + np.float32(change), (16, 16))
    assert shares.shape == (3, 16, 16, 1)
    assert np.allclose(shares, share, atol=1e-4)

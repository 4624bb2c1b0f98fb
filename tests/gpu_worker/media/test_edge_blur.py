"""Beyond the picture's edge a frame grows softer, and inside it nothing changes."""

import numpy as np
import pytest

from gpu_worker.media.edge_blur import blur_outside, distance_outside

REST = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def test_inside_the_source_the_distance_is_nothing() -> None:
    assert (distance_outside(REST, (64, 48), (64, 48)) == 0).all()


def test_the_distance_counts_the_frames_own_pixels() -> None:
    further = np.array([[2.0, 0.0, -20.0], [0.0, 2.0, 0.0]])
    found = distance_outside(further, (200, 200), (64, 48))
    assert found[0, 0] == pytest.approx(10.0)
    assert found[5, 10] == 0.0


def test_the_larger_of_two_distances_counts_at_a_corner() -> None:
    shifted = np.array([[1.0, 0.0, -4.0], [0.0, 1.0, -9.0]])
    assert distance_outside(shifted, (64, 64), (32, 32))[0, 0] == pytest.approx(9.0)


@pytest.mark.parametrize("side", [64, 512])
def test_the_blur_grows_outwards_and_leaves_the_inside(side: int) -> None:
    grain = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    beyond = np.maximum(np.arange(side, dtype=np.float32) - side / 2, 0)[None].repeat(side, 0)
    made = blur_outside(grain, beyond)
    half = side // 2
    assert (made[:, : half + 1] == grain[:, : half + 1]).all()
    roughness = [made[:, part].std() for part in (slice(half, half + 4), slice(side - 4, side))]
    assert roughness[1] < roughness[0] / 3


def test_an_even_frame_stays_as_it_is() -> None:
    even = np.full((64, 64, 3), 77, np.uint8)
    assert (blur_outside(even, np.full((64, 64), 50, np.float32)) == 77).all()

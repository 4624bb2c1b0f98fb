"""The warp shows what a camera on the path would see, from the whole source."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_worker.media.warp import fit, move, uncovered
from storage.domain.camera.motion import Pose

SIZE = (64, 48)


def picture(height: int = 192, width: int = 256, seed: int = 0) -> NDArray[np.uint8]:
    """Make a smooth random picture that tells every place from every other."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 16, width // 16, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Measure how near two pictures are, in dB."""
    error = np.square(one.astype(float) - other.astype(float)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def shown(source: NDArray[np.uint8], pose: Pose) -> NDArray[np.uint8]:
    """Render one frame over the middle half of the source."""
    height, width = source.shape[:2]
    window = (width / 4, height / 4, width / 2, height / 2)
    frame: NDArray[np.uint8] = move(source, window, [pose], SIZE)[0]
    return frame


def test_a_camera_at_rest_shows_exactly_the_fitted_picture() -> None:
    source = picture()
    window = (0.0, 0.0, 256.0, 192.0)
    frames = move(source, window, [Pose(), Pose()], SIZE)
    assert frames.shape == (2, 48, 64, 3)
    assert frames.dtype == np.uint8
    assert (frames == fit(source, window, SIZE)).all()


def test_a_pose_near_rest_hardly_differs_from_the_fitted_picture() -> None:
    source = picture()
    window = (0.0, 0.0, 256.0, 192.0)
    rest, near = move(source, window, [Pose(), Pose(dx=1e-6)], SIZE)
    assert psnr(rest, near) > 45


@pytest.mark.parametrize(
    ("pose", "window"),
    [
        (Pose(dx=0.25), (96.0, 48.0, 128.0, 96.0)),
        (Pose(dx=-0.25), (32.0, 48.0, 128.0, 96.0)),
        (Pose(dy=0.25), (64.0, 72.0, 128.0, 96.0)),
        (Pose(dy=-0.25), (64.0, 24.0, 128.0, 96.0)),
        (Pose(zoom=2.0), (96.0, 72.0, 64.0, 48.0)),
        (Pose(zoom=0.5), (0.0, 0.0, 256.0, 192.0)),
    ],
)
def test_the_camera_sees_the_true_crop(pose: Pose, window: tuple[float, ...]) -> None:
    source = picture()
    left, top, width, height = window
    assert psnr(shown(source, pose), fit(source, (left, top, width, height), SIZE)) > 38


def test_a_clockwise_roll_turns_the_content_counterclockwise() -> None:
    source = np.zeros((128, 128, 3), np.uint8)
    source[60:68, 96:112] = 255
    rolled = move(source, (0, 0, 128, 128), [Pose(roll=30.0)], (128, 128))[0, ..., 0]
    rows, columns = np.nonzero(rolled > 128)
    assert rows.mean() < 50
    assert columns.mean() > 64


def test_beyond_the_source_it_is_mirrored_without_a_seam() -> None:
    source = picture(64, 64)
    frame = move(source, (0, 0, 64, 64), [Pose(dx=0.5)], (64, 64))[0]
    assert psnr(frame[:, 33:63], frame[:, 1:31][:, ::-1]) > 25


def test_what_the_source_does_not_hold_is_marked() -> None:
    poses = [Pose(), Pose(dx=0.25), Pose(zoom=1.3), Pose(zoom=0.5)]
    masks = uncovered((64, 48), (0.0, 0.0, 64.0, 48.0), poses, (32, 24))
    assert masks.shape == (4, 24, 32)
    assert [round(float(mask.mean()), 2) for mask in masks] == [0.0, 0.25, 0.0, 0.75]
    assert (masks[1, :, 25:] == 1).all()


def test_a_source_larger_than_the_window_uncovers_nothing() -> None:
    masks = uncovered((256, 192), (64.0, 48.0, 128.0, 96.0), [Pose(dx=0.2, zoom=0.8)], SIZE)
    assert not masks.any()


def test_shrinking_averages_instead_of_skipping() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    frame = move(stripes, (64, 64, 128, 128), [Pose(zoom=0.6, dx=0.013)], (64, 64))[0]
    assert frame.astype(float).std() < 30


@pytest.mark.parametrize("zoom", [1.15, 1.35, 1.8])
def test_what_is_enlarged_is_sharpened_towards_the_truth(
    zoom: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    grain = np.random.default_rng(1).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    large = np.asarray(cv2.GaussianBlur(grain, (0, 0), 3.0), np.uint8)
    large = ((large.astype(float) - 128) * 5 + 128).clip(0, 255).astype(np.uint8)
    whole, pose = (0.0, 0.0, 256.0, 256.0), [Pose(zoom=zoom)]
    truth = move(large, whole, pose, (64, 64))[0]
    small = fit(large, whole, (64, 64))
    sharpened = move(small, (0.0, 0.0, 64.0, 64.0), pose, (64, 64))[0]
    monkeypatch.setattr("gpu_worker.media.warp.SHARPNESS", 0.0)
    plain = move(small, (0.0, 0.0, 64.0, 64.0), pose, (64, 64))[0]
    assert psnr(sharpened, truth) > psnr(plain, truth)


def test_a_window_larger_in_one_way_keeps_its_shape() -> None:
    frames = move(picture(96, 160), (0, 0, 160, 96), [Pose(zoom=1.2)], (160, 96))
    assert frames.shape == (1, 96, 160, 3)

"""Clips for training: what a camera in the larger picture sees, beside the moved picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_worker.lab.training.data import augmentation
from gpu_worker.lab.training.data.camera_paths import CameraPath, random_path
from gpu_worker.lab.training.data.image_dataset import ImageDataset
from gpu_worker.media.frames import Frame, Frames
from gpu_worker.media.warp import Window, fit, move, uncovered
from storage.domain.camera.motion import Motion, Pose

ATTEMPTS = 60
MOST_REDUCTION = 5.0  # source pixels per pixel
CUTOUT_CHANCE = 0.3


@dataclass(frozen=True)
class ClipPair:
    """True frames, moved frames and the main motion.

    uncovered (f, h, w) is 1 where a moved frame shows what its source does not hold, else 0.
    """

    truth: Frames
    moved: Frames
    motion: Motion
    uncovered: NDArray[np.float32]


def draw(
    dataset: ImageDataset, rng: np.random.Generator, size: tuple[int, int], frames: int
) -> ClipPair:
    """Draw a random pair of `size` (width, height)."""
    path = random_path(frames, rng)
    for _ in range(ATTEMPTS):
        image = dataset.images[rng.integers(len(dataset.images))]
        window = _random_window(image, size, rng)
        if window is not None and covers(image, window, path.poses):
            image = augmentation.paste_cutouts(dataset, rng, image, CUTOUT_CHANCE)
            image = augmentation.flip_and_recolour(image, rng)
            return _render(image, window, path, size, rng)
    return draw(dataset, rng, size, frames)


def _random_window(image: Frame, size: tuple[int, int], rng: np.random.Generator) -> Window | None:
    """Draw a window of the size's shape, or return None where the picture is too small."""
    height, width = image.shape[:2]
    largest = min(width / size[0], height / size[1], MOST_REDUCTION)
    if largest < 1:
        return None
    scale = rng.uniform(min(1.0, largest), largest)
    across, down = int(size[0] * scale), int(size[1] * scale)
    left, top = rng.integers(0, width - across + 1), rng.integers(0, height - down + 1)
    return (float(left), float(top), float(across), float(down))


def covers(image: Frame, window: Window, poses: tuple[Pose, ...]) -> bool:
    """Return whether the picture holds every frame, so that nothing true is mirrored."""
    height, width = image.shape[:2]
    left, top, across, down = window
    for pose in poses:
        roll = np.deg2rad(abs(pose.roll))
        half_x = (across * np.cos(roll) + down * np.sin(roll)) / 2 / pose.zoom
        half_y = (across * np.sin(roll) + down * np.cos(roll)) / 2 / pose.zoom
        x, y = left + across * (0.5 + pose.dx), top + down * (0.5 + pose.dy)
        if x < half_x - 1 or y < half_y - 1 or x > width - half_x + 1 or y > height - half_y + 1:
            return False
    return True


def _render(
    image: Frame, window: Window, path: CameraPath, size: tuple[int, int], rng: np.random.Generator
) -> ClipPair:
    """Render the truth from the whole picture and the moved frames from less of it."""
    truth = move(image, window, path.poses, size)
    chance = rng.random()
    if chance < 0.75:
        image, window = fit(image, window, size), full_window(size)
    else:
        left, top, across, down = (round(value) for value in window)
        if chance < 0.92:
            image = image[top : top + down, left : left + across]
            left = top = 0
        window = (float(left), float(top), float(across), float(down))
    source = augmentation.degrade(image, rng)
    moved = move(source, window, path.poses, size)
    mask = uncovered((source.shape[1], source.shape[0]), window, path.poses, size)
    return ClipPair(truth, moved, path.motion, mask)


def full_window(size: tuple[int, int]) -> Window:
    """Return the window that is all of a picture of this size."""
    return (0.0, 0.0, float(size[0]), float(size[1]))

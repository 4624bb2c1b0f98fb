"""Training clips: what the camera would truly see, beside the moved picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.lab.training.data import augmentation as scenes
from gpu_worker.lab.training.data.camera_paths import Path, random_path
from gpu_worker.lab.training.data.image_dataset import Gallery, Pixels
from gpu_worker.media.warp import Window, fit, move, uncovered
from storage.domain.camera.motion import Motion, Pose

ATTEMPTS = 60


@dataclass(frozen=True)
class Pair:
    """True frames, moved frames (both (f, h, w, 3)) and the main motion.

    uncovered (f, h, w) is 1 where a moved frame shows what its source does not hold, else 0.
    """

    truth: Pixels
    moved: Pixels
    motion: Motion
    uncovered: NDArray[np.float32]


def draw(gallery: Gallery, rng: np.random.Generator, size: tuple[int, int], frames: int) -> Pair:
    """Draw a random pair of `size` (width, height)."""
    path = random_path(frames, rng)
    for _ in range(ATTEMPTS):
        picture = gallery.pictures[rng.integers(len(gallery.pictures))]
        window = random_window(picture, size, rng)
        if window is not None and inside(picture, window, path.poses):
            picture = scenes.varied(scenes.composed(gallery, rng, picture), rng)
            return pair(picture, window, path, size, rng)
    return draw(gallery, rng, size, frames)


def random_window(
    picture: Pixels, size: tuple[int, int], rng: np.random.Generator
) -> Window | None:
    """Draw a window of the size's shape, at most 5 source pixels per pixel, or None."""
    height, width = picture.shape[:2]
    largest = min(width / size[0], height / size[1], 5.0)
    if largest < 1:
        return None
    scale = rng.uniform(min(1.0, largest), largest)
    across, down = int(size[0] * scale), int(size[1] * scale)
    left, top = rng.integers(0, width - across + 1), rng.integers(0, height - down + 1)
    return (float(left), float(top), float(across), float(down))


def inside(picture: Pixels, window: Window, poses: tuple[Pose, ...]) -> bool:
    """Say whether the picture holds every frame, so that nothing true is mirrored."""
    height, width = picture.shape[:2]
    left, top, across, down = window
    for pose in poses:
        turn = np.deg2rad(abs(pose.roll))
        half_x = (across * np.cos(turn) + down * np.sin(turn)) / 2 / pose.zoom
        half_y = (across * np.sin(turn) + down * np.cos(turn)) / 2 / pose.zoom
        x, y = left + across * (0.5 + pose.dx), top + down * (0.5 + pose.dy)
        if x < half_x - 1 or y < half_y - 1 or x > width - half_x + 1 or y > height - half_y + 1:
            return False
    return True


def pair(
    picture: Pixels, window: Window, path: Path, size: tuple[int, int], rng: np.random.Generator
) -> Pair:
    """Render the truth from the whole picture and the moved frames from less of it."""
    truth = move(picture, window, path.poses, size)
    kind = rng.random()
    if kind < 0.75:
        source, window = worn(fit(picture, window, size), rng), whole(size)
    else:
        left, top, across, down = (round(value) for value in window)
        if kind < 0.92:
            picture = picture[top : top + down, left : left + across]
            left = top = 0
        window = (float(left), float(top), float(across), float(down))
        source = worn(picture, rng)
    moved = move(source, window, path.poses, size)
    beyond = uncovered((source.shape[1], source.shape[0]), window, path.poses, size)
    return Pair(truth, moved, path.motion, beyond)


def from_fitted(
    picture: Pixels, window: Window, poses: tuple[Pose, ...], size: tuple[int, int]
) -> Pixels:
    """Move the fitted picture alone: mirrored beyond its edges, blurred where enlarged."""
    return move(fit(picture, window, size), whole(size), poses, size)


def whole(size: tuple[int, int]) -> Window:
    """Give the window that is all of a picture of this size."""
    return (0.0, 0.0, float(size[0]), float(size[1]))


def worn(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """By chance add the marks of a picture's life: JPEG blocks, grain, a slight blur."""
    chance = rng.random()
    if chance < 0.06:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 92))]
        data = cv2.imencode(".jpg", picture[..., ::-1], quality)[1]
        seen = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        return np.ascontiguousarray(seen[..., ::-1])
    if chance < 0.1:
        grain = rng.normal(0, rng.uniform(1, 6), picture.shape)
        return np.clip(picture + grain, 0, 255).astype(np.uint8)
    if chance < 0.15:
        blurred = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 0.8))
        return np.asarray(blurred, np.uint8)
    return picture

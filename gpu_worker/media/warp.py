"""Renders a picture as a camera on a path would see it, frame by frame."""

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gpu_worker.media import edge_blur
from gpu_worker.media.frames import Frame, Frames
from storage.domain.camera.motion import Pose

Window = tuple[float, float, float, float]

STILL = Pose()
MOST_SAMPLES = 8
SAMPLE_TOLERANCE = 0.02
"""How far beyond a whole number the reduction may go before one more sample is taken."""

SHARPNESS, UNTOUCHED, MOST_SHARPNESS, FINE = 1.2, 1.05, 0.6, 0.7
"""Share of fine detail added per enlargement beyond the untouched one, its most, and its size."""

EDGE_TOLERANCE = 0.5
"""How far beyond the source, in the frame's pixels, a cubic sample may lie and count as inside."""


def move(source: Frame, window: Window, poses: Iterable[Pose], size: tuple[int, int]) -> Frames:
    """Render one frame (height, width, 3) per pose, of `size` (width, height), from `source`.

    `window` (x, y, width, height) is the crop of the source, in its pixels, that a camera at
    rest sees. Beyond the window the source's own pixels show; beyond the source it is mirrored
    and blurred with the distance. A pose at rest gives exactly the fitted picture.
    """
    rest = fit(source, window, size)
    frames = [rest if pose == STILL else _render(source, window, pose, size) for pose in poses]
    return np.stack(frames)


def uncovered(
    source: tuple[int, int], window: Window, poses: Iterable[Pose], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Return where frames show what the source does not hold: 1 there, else 0 (f, height, width).

    source and size are (width, height).
    """
    masks = [
        edge_blur.distance_outside(frame_to_source(window, pose, size), source, size)
        for pose in poses
    ]
    return np.stack([mask > EDGE_TOLERANCE for mask in masks]).astype(np.float32)


def fit(source: Frame, window: Window, size: tuple[int, int]) -> Frame:
    """Scale the window of the source, on whole pixels, to `size` (width, height)."""
    height, width = source.shape[:2]
    left, top = max(round(window[0]), 0), max(round(window[1]), 0)
    right = min(max(round(window[0] + window[2]), left + 1), width)
    bottom = min(max(round(window[1] + window[3]), top + 1), height)
    crop = source[top:bottom, left:right]
    return resized(crop, size)


def resized(picture: Frame, size: tuple[int, int]) -> Frame:
    """Return a picture at a size (width, height), antialiased and as sharp as that allows."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    if width < size[0] or height < size[1]:
        large = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        return sharpen(large, sharpness(min(size[0] / width, size[1] / height)))
    if width < 2 * size[0]:
        # Averages of one and a half pixels would be soft, and next to a moved frame seem so.
        small = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
        return np.asarray(small, np.uint8)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _render(source: Frame, window: Window, pose: Pose, size: tuple[int, int]) -> Frame:
    """Render one frame: cubic samples as dense as the source, averaged down to the size."""
    reduction = max(window[2] / size[0], window[3] / size[1]) / pose.zoom
    samples = min(max(math.ceil(reduction - SAMPLE_TOLERANCE), 1), MOST_SAMPLES)
    fine = (size[0] * samples, size[1] * samples)
    sampled = cv2.warpAffine(
        source,
        frame_to_source(window, pose, fine),
        fine,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    if samples > 1:
        sampled = cv2.resize(sampled, size, interpolation=cv2.INTER_AREA)
    frame = sharpen(np.asarray(sampled, np.uint8), sharpness(1 / reduction))
    shape = (source.shape[1], source.shape[0])
    beyond = edge_blur.distance_outside(frame_to_source(window, pose, size), shape, size)
    return edge_blur.blur_outside(frame, beyond) if (beyond > EDGE_TOLERANCE).any() else frame


def sharpness(enlargement: float) -> float:
    """Return how much contrast of fine detail enlarging a picture takes away."""
    return min(max(SHARPNESS * (enlargement - UNTOUCHED), 0.0), MOST_SHARPNESS)


def sharpen(frame: Frame, amount: float) -> Frame:
    """Return a frame with so much more contrast of fine detail."""
    if amount <= 0:
        return frame
    blurred = cv2.GaussianBlur(frame, (0, 0), FINE, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(cv2.addWeighted(frame, 1 + amount, blurred, -amount, 0), np.uint8)


def frame_to_source(window: Window, pose: Pose, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the 2 x 3 matrix from a frame's pixel indices to those of the source."""
    left, top, width, height = window
    roll = math.radians(pose.roll)
    across, down = width / size[0] / pose.zoom, height / size[1] / pose.zoom
    # A camera that rolls clockwise has its own right-hand axis point lower in the picture.
    linear = np.array(
        [
            [math.cos(roll) * across, -math.sin(roll) * down],
            [math.sin(roll) * across, math.cos(roll) * down],
        ]
    )
    centre = np.array([left + width * (0.5 + pose.dx), top + height * (0.5 + pose.dy)])
    middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    shift = centre - 0.5 - linear @ middle
    return np.column_stack([linear, shift])

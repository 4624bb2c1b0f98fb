"""Measures similarity, sharpness and flicker of frames without any judge model."""

from __future__ import annotations

import math
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from gpu_worker.media import motion
from gpu_worker.media.frames import Frame, Frames

_PSNR_LIMIT = 99.0  # decibels, for equal frames


def psnr(first: Frame, second: Frame) -> float:
    """Return the peak signal-to-noise ratio in decibels."""
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    return _PSNR_LIMIT if error == 0.0 else min(_PSNR_LIMIT, 10.0 * math.log10(255.0**2 / error))


def ssim(first: Frame, second: Frame) -> float:
    """Return the structural similarity of the luminance (Wang et al. 2004), at most 1."""
    one, two = (_luminance(frame) for frame in (first, second))
    mean_one, mean_two = _smooth(one), _smooth(two)
    spread_one = _smooth(one * one) - mean_one**2
    spread_two = _smooth(two * two) - mean_two**2
    shared = _smooth(one * two) - mean_one * mean_two
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = (2 * mean_one * mean_two + low) * (2 * shared + high)
    size = (mean_one**2 + mean_two**2 + low) * (spread_one + spread_two + high)
    return float(np.mean(similarity / size))


def gradient_energy(frame: Frame) -> float:
    """Return the mean squared difference of neighbouring pixels' luminance."""
    light = _luminance(frame)
    return float(np.mean(np.diff(light, axis=0) ** 2) + np.mean(np.diff(light, axis=1) ** 2))


def sharpness_kept(frames: Frames) -> float:
    """Return the last frame's gradient energy as a share of the first's."""
    return gradient_energy(frames[-1]) / max(gradient_energy(frames[0]), 1e-9)


def flicker(tracked: motion.TrackedFrames) -> float:
    """Return how much neighbouring frames differ once aligned, as a share of full scale."""
    pairs = zip(pairwise(tracked.greys), tracked.steps, strict=True)
    return float(np.mean([_difference(before, after, step) for (before, after), step in pairs]))


def _difference(before: motion.Grey, after: motion.Grey, step: motion.Similarity) -> float:
    height, width = after.shape
    matrix = step[:2]
    moved = cv2.warpAffine(before, matrix, (width, height), flags=cv2.INTER_CUBIC)
    inside = cv2.warpAffine(np.ones_like(before), matrix, (width, height), flags=cv2.INTER_NEAREST)
    kept = cv2.erode(np.asarray(inside, np.uint8), np.ones((9, 9), np.uint8)) > 0
    if not kept.any():
        return 0.0
    return float(np.abs(moved.astype(np.float32) - after)[kept].mean() / 255.0)


def _luminance(frame: Frame) -> NDArray[np.float64]:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float64)


def _smooth(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(light, (11, 11), 1.5), np.float64)

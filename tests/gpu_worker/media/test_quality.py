"""Tests of the quality measures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gpu_worker.media.motion import track
from gpu_worker.media.quality import flicker, psnr, sharpness_kept, ssim
from storage.domain.camera.motion import Pose
from tests.gpu_worker.media.test_motion import clip, picture, ramp


def test_a_picture_is_like_itself() -> None:
    image = picture()
    assert psnr(image, image) == 99.0
    assert ssim(image, image) == pytest.approx(1.0)


def test_noise_of_a_known_size_has_its_known_ratio() -> None:
    image = np.full((64, 64, 3), 100, np.uint8)
    assert psnr(image, image + np.uint8(10)) == pytest.approx(28.13, abs=0.01)


def test_structure_counts_more_than_brightness() -> None:
    image = picture()
    brighter = np.clip(image.astype(int) + 12, 0, 255).astype(np.uint8)
    blurred = cv2.GaussianBlur(image, (0, 0), 2.0).astype(np.uint8)
    assert ssim(image, brighter) > 0.95 > ssim(image, blurred)


def test_a_clip_that_blurs_loses_sharpness() -> None:
    frames = clip((Pose(), Pose()))
    frames[1] = cv2.GaussianBlur(frames[1], (0, 0), 1.5)
    assert sharpness_kept(frames[:1]) == pytest.approx(1.0)
    assert sharpness_kept(frames) < 0.6


def test_motion_is_no_flicker_but_changing_light_is() -> None:
    frames = clip(ramp(Pose(dx=0.1), frames=6))
    calm = flicker(track(frames))
    frames[1::2] = np.clip(frames[1::2].astype(int) + 25, 0, 255).astype(np.uint8)
    assert calm < 0.02
    assert flicker(track(frames)) > 0.07

"""Where a picture is cut, and what is made up behind the cuts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gpu_worker.render.depth.hidden import continue_behind
from gpu_worker.render.depth.surfaces import part


def square(side: int = 96) -> NDArray[np.float32]:
    depth = np.full((side, side), 0.5, np.float32)
    depth[30:66, 30:66] = 1.5
    return depth


def test_a_slope_is_not_cut() -> None:
    slope = np.linspace(0.3, 1.7, 96, dtype=np.float32)[:, None].repeat(96, 1)
    surfaces = part(slope, 60.0)
    assert not surfaces.hidden.any()
    assert surfaces.cover.min() == 1.0
    assert np.abs(surfaces.front - slope).max() < 0.02


@pytest.mark.parametrize("blurred", [0.0, 1.5])
def test_a_jump_is_cut_where_it_is_steepest(blurred: float) -> None:
    depth = square()
    if blurred:
        depth = np.asarray(cv2.GaussianBlur(depth, (0, 0), blurred), np.float32)
    surfaces = part(depth, 20.0)
    inner, outer = np.s_[33:63, 33:63], np.s_[:20]
    assert np.abs(surfaces.front[inner] - 1.5).max() < 0.05
    assert np.abs(surfaces.back[30:36, 40:56] - 0.5).max() < 0.05
    assert surfaces.hidden[30:40, 40:56].all()
    assert not surfaces.hidden[outer].any()


def test_as_much_lies_behind_as_the_path_uncovers() -> None:
    hidden = [int(part(square(), travel).hidden[48, 30:48].sum()) for travel in (4.0, 8.0, 12.0)]
    assert hidden[0] < hidden[1] < hidden[2]
    assert hidden[1] >= 8


def test_what_lies_behind_is_like_what_is_beside() -> None:
    picture = np.zeros((96, 96, 3), np.uint8) + np.array([20, 90, 30], np.uint8)
    picture[30:66, 30:66] = (240, 20, 220)
    noise = np.random.default_rng(1).integers(-12, 13, picture.shape)
    picture = (picture + noise).clip(0, 255).astype(np.uint8)
    surfaces = part(square(), 20.0)
    filled = continue_behind(picture, surfaces, 1)
    assert np.array_equal(filled[~surfaces.hidden], picture[~surfaces.hidden])
    found = filled[surfaces.hidden].astype(float)
    assert np.abs(found.mean(axis=0) - (20, 90, 30)).max() < 15
    assert 0.5 * 7 < found.std(axis=0).mean() < 2 * 7


def test_the_seed_chooses_what_lies_behind() -> None:
    picture = np.random.default_rng(2).integers(60, 90, (96, 96, 3)).astype(np.uint8)
    surfaces = part(square(), 20.0)
    one, same, other = (continue_behind(picture, surfaces, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)

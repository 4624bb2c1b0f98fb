"""Scenes that are rendered with their exact depth."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_worker.lab.depth.scenes import Ball, Sheet, Texture, balls, render

SIZE = (64, 48)


def texture() -> Texture:
    return Texture.drawn(np.random.default_rng(1), 0.05, 0.5)


def test_a_wall_is_as_far_as_it_stands_from_the_camera() -> None:
    wall = Sheet((0.0, 0.0, 1.0), 3.0, texture())
    assert render([wall], SIZE).distance == pytest.approx(3.0)
    assert render([wall], SIZE, (0.2, 0.1, 1.0)).distance == pytest.approx(2.0)


def test_a_ball_is_nearest_in_its_middle_and_hides_the_wall() -> None:
    wall, ball = Sheet((0.0, 0.0, 1.0), 3.0, texture()), Ball((0.0, 0.0, 2.0), 0.5, texture())
    distance = render([wall, ball], (65, 65)).distance
    assert distance[32, 32] == pytest.approx(1.5, abs=0.01)
    assert distance[0, 0] == pytest.approx(3.0)
    assert distance[32, 40] > distance[32, 36] > distance[32, 32]


def test_a_step_aside_moves_a_wall_by_its_inverse_distance() -> None:
    wall = Sheet((0.0, 0.0, 1.0), 2.0, texture())
    before, after = render([wall], SIZE), render([wall], SIZE, (0.25, 0.0, 0.0))
    shift = round(0.25 / 2.0 * SIZE[0])
    same = before.frame[:, shift:].astype(int) - after.frame[:, :-shift]
    assert np.abs(same).max() <= 1


def test_drawn_scenes_are_the_same_for_a_seed() -> None:
    one, same = (render(balls(np.random.default_rng(4)), SIZE) for _ in range(2))
    assert np.array_equal(one.frame, same.frame)
    assert one.distance.max() > 2 * one.distance.min()

"""Clips lie side by side in one, each with its number, also after H.264."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_worker.media import quality
from gpu_worker.media.clips.clip_frames import open_clip
from gpu_worker.media.clips.clip_grid import GOLD, ClipGrid, badge
from gpu_worker.media.encode import encode
from gpu_worker.media.frames import Frames, stacked
from tests.gpu_worker.render.scenes import photograph

HEIGHT, WIDTH = 96, 128


def clips(count: int, frames: int = 6) -> list[Frames]:
    """Return clips of one photograph, each rolled in a direction of its own."""
    picture = photograph("coffee", WIDTH)[:HEIGHT]
    return [
        np.stack([np.roll(picture, (cell + 1) * frame, axis=cell % 2) for frame in range(frames)])
        for cell in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8])
def test_each_cell_of_the_decoded_grid_is_its_clip(count: int) -> None:
    cells = clips(count)
    grid = ClipGrid(tuple(cells), pick=count - 1)
    data = encode(grid, 8, 10**7, {}).data
    _, radius = badge(WIDTH, HEIGHT)
    beside = slice(3 * radius, None)
    with open_clip(data) as decoded:
        frames = stacked(decoded)
    assert frames.shape[0] == 6
    for cell, clip in enumerate(cells):
        rows, across = grid.place(cell)
        for shown, frame in zip(frames[:, rows, across], clip, strict=True):
            assert quality.psnr(shown[:, beside], frame[:, beside]) > 30


def test_a_grid_can_be_read_frame_by_frame_and_leaves_the_clips_as_they_are() -> None:
    cells = clips(3)
    before = [cell.copy() for cell in cells]
    grid = ClipGrid(tuple(cells), pick=0)
    assert all(np.array_equal(frame, frame) for n, frame in enumerate(grid))
    assert all(np.array_equal(one, old) for one, old in zip(cells, before, strict=True))


def test_the_numbers_differ_and_the_pick_is_golden() -> None:
    black = np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)
    grid = ClipGrid((black,) * 4, pick=2)
    centre, radius = badge(WIDTH, HEIGHT)
    discs = []
    for cell in range(4):
        corner = grid[0][grid.place(cell)][: centre + radius, : centre + radius]
        golden = (corner == GOLD).all(axis=2).mean()
        assert (golden > 0.2) == (cell == 2)
        discs.append(corner.tobytes())
    assert len(set(discs)) == 4

"""Some frames are kept as small copies while they are read, each draft of a grid on its own."""

from __future__ import annotations

import numpy as np
import pytest

from gpu_worker.media.clips.clip_grid import ClipGrid
from gpu_worker.media.samples import SampledFrames, sampled
from storage.domain.drafts.grid import columns
from storage.filter.squares import image_of


@pytest.mark.parametrize(
    ("count", "numbers"),
    [
        (1, {0}),
        (3, {0, 1, 2}),
        (16, {0, 5, 10, 15}),
        (33, {0, 8, 16, 24, 32}),
        (1024, {round(1023 * part / 15) for part in range(16)}),
    ],
)
def test_the_first_the_last_and_some_between_are_looked_at(count: int, numbers: set[int]) -> None:
    assert sampled(count) == numbers


def test_frames_are_read_as_they_are_and_kept_once() -> None:
    levels = np.arange(12, dtype=np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None] * 20, (12, 30, 40, 3)).copy()
    samples = SampledFrames(frames)
    for _ in range(2):  # a file that is too large is encoded again
        assert [int(frame[0, 0, 0]) for frame in samples] == [20 * level for level in levels]
    kept = [image_of(square).getpixel((128, 128)) for square in samples.squares]
    assert kept == [(20 * level,) * 3 for level in (0, 4, 7, 11)]
    assert (len(samples), samples[3].shape) == (12, (30, 40, 3))


@pytest.mark.parametrize("size", [(64, 48), (40, 72), (120, 32)])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 8])
def test_each_draft_is_looked_at_on_its_own(count: int, size: tuple[int, int]) -> None:
    width, height = size
    colours = [(20 * number + 50, 0, 255 - 20 * number) for number in range(count)]
    cells = tuple(np.full((5, height, width, 3), colour, np.uint8) for colour in colours)
    samples = SampledFrames(ClipGrid(cells, 0), count, columns(count, width, height))
    assert len(list(samples)) == 5
    kept = [image_of(square).getpixel((200, 200)) for square in samples.squares]
    assert kept == 2 * colours

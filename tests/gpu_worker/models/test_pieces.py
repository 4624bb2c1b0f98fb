"""Lengths are cut into spans that leave nothing out."""

from __future__ import annotations

import pytest
import torch

from gpu_worker.models import pieces


@pytest.mark.parametrize(("count", "most"), [(16, 16), (16, 5), (7, 3), (1, 4), (1024, 256)])
def test_spans_cover_everything_once_and_are_of_about_one_size(count: int, most: int) -> None:
    found = pieces.spans(count, most)
    covered = [index for span in found for index in range(span.start, span.stop)]
    sizes = [span.stop - span.start for span in found]
    assert covered == list(range(count))
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1


def test_a_frame_larger_than_a_piece_goes_alone() -> None:
    assert pieces.frames(2, 10 * pieces.BYTES) == [slice(0, 1), slice(1, 2)]


def test_only_channels_last_maps_in_single_precision_go_in_pieces() -> None:
    maps = torch.zeros(2, 8, 4, 4)
    inner = maps.contiguous(memory_format=torch.channels_last)
    assert pieces.worthwhile(inner)
    assert not pieces.worthwhile(maps)
    assert not pieces.worthwhile(inner.half())

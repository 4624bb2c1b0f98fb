"""When each waiting job begins, by what is left of the running ones."""

from __future__ import annotations

import pytest

from storage.domain.forecast import begins


@pytest.mark.parametrize(
    ("left", "lasts", "workers", "expected"),
    [
        ([], [10.0, 10.0, 10.0], 1, [0, 10, 20]),
        ([], [10.0, 10.0, 10.0], 2, [0, 0, 10]),
        ([4.0], [10.0, 10.0], 1, [4, 14]),
        ([4.0], [10.0, 10.0], 2, [0, 4]),
        ([4.0, 9.0], [10.0, 10.0, 10.0], 2, [4, 9, 14]),
        ([-5.0], [10.0], 1, [0]),  # it takes longer than its like
        ([0.5, 8.0], [10.0], 1, [8]),  # one of them becomes a file already
    ],
)
def test_a_job_begins_when_the_first_worker_is_free(
    left: list[float | None], lasts: list[float | None], workers: int, expected: list[float]
) -> None:
    assert begins(left, lasts, workers) == expected


def test_what_nobody_knows_is_not_told() -> None:
    assert begins([None], [10.0, 10.0], 1) == [None, None]
    assert begins([], [None, 10.0, 10.0], 1) == [0, None, None]


def test_one_clip_of_unknown_length_leaves_the_other_workers_forecast() -> None:
    assert begins([None, 4.0], [10.0, 10.0], 2) == [4, 14]

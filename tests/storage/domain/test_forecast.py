"""When each waiting job starts, by the remaining time of the running ones."""

from __future__ import annotations

import pytest

from storage.domain.forecast import start_delays


@pytest.mark.parametrize(
    ("remaining", "durations", "workers", "expected"),
    [
        ([], [10.0, 10.0, 10.0], 1, [0, 10, 20]),
        ([], [10.0, 10.0, 10.0], 2, [0, 0, 10]),
        ([4.0], [10.0, 10.0], 1, [4, 14]),
        ([4.0], [10.0, 10.0], 2, [0, 4]),
        ([4.0, 9.0], [10.0, 10.0, 10.0], 2, [4, 9, 14]),
        ([-5.0], [10.0], 1, [0]),  # it takes longer than expected
        ([0.5, 8.0], [10.0], 1, [8]),  # one of them is being encoded already
    ],
)
def test_a_job_starts_when_the_first_worker_is_free(
    remaining: list[float | None],
    durations: list[float | None],
    workers: int,
    expected: list[float],
) -> None:
    assert start_delays(remaining, durations, workers) == expected


def test_an_unknown_duration_gives_no_forecast() -> None:
    assert start_delays([None], [10.0, 10.0], 1) == [None, None]
    assert start_delays([], [None, 10.0, 10.0], 1) == [0, None, None]


def test_one_unknown_duration_leaves_the_other_workers_forecast() -> None:
    assert start_delays([None, 4.0], [10.0, 10.0], 2) == [4, 14]

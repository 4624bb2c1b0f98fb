"""Invented orders have the load, the shape and the starts that they are said to have."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, median

import pytest

from deploy.cost.traces import LONGEST_START, SHAPES, arrivals, mean_start, start_times


@pytest.mark.parametrize("shape", SHAPES)
def test_a_trace_has_its_load_is_sorted_and_the_same_each_time(shape: str) -> None:
    found = arrivals(shape, 100.0, 60, (40.0, 60.0))
    assert len(found) == pytest.approx(6000, rel=0.1)
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert all(40.0 <= one.seconds <= 60.0 for one in found)
    assert found == arrivals(shape, 100.0, 60, (40.0, 60.0))
    assert found != arrivals(shape, 100.0, 60, (40.0, 60.0), seed=1)


def test_seven_orders_of_ten_come_in_the_evening() -> None:
    found = arrivals("evenings", 200.0, 60, (40.0, 60.0))
    evening = sum(one.at % 86_400 >= 18 * 3600 for one in found)
    assert evening / len(found) == pytest.approx(0.7, abs=0.03)


def test_bursts_come_close_together() -> None:
    gaps = {
        shape: median(later.at - earlier.at for earlier, later in pairwise(found))
        for shape in ("steady", "bursty")
        if (found := arrivals(shape, 50.0, 60, (40.0, 60.0)))
    }
    assert gaps["bursty"] < gaps["steady"] / 20


@pytest.mark.parametrize("typical", [5.0, 20.0, 90.0])
def test_starts_have_their_median_a_long_tail_and_a_known_mean(typical: float) -> None:
    start = start_times(typical)
    found = [start(number) for number in range(4000)]
    assert median(found) == pytest.approx(typical, rel=0.08)
    assert fmean(found) == pytest.approx(mean_start(typical), rel=0.08)
    assert max(found) <= LONGEST_START
    assert sum(one > 4 * typical for one in found) > 200
    assert start(17) == found[17]

"""Waiting times are known to within 9 %, whatever they are."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.domain.usage.waiting_times import BOUNDS, WaitingTimes, bucket_of


def of(*seconds: float) -> WaitingTimes:
    return WaitingTimes(Counter(map(bucket_of, seconds)))


@given(st.floats(1.0, BOUNDS[-1]))
def test_a_time_is_known_to_within_nine_percent(seconds: float) -> None:
    assert of(seconds).quantile(0.5) == pytest.approx(seconds, rel=0.091)


def test_less_than_a_second_and_more_than_the_last_bucket_are_found() -> None:
    assert of(0.0).quantile(0.5) == 0.5
    assert of(1e11).quantile(0.5) == pytest.approx(BOUNDS[-1], rel=0.1)


def test_a_share_of_the_orders_was_begun_within_its_quantile() -> None:
    found = of(*[10.0] * 94, *[1000.0] * 6)
    assert found.quantile(0.5) == pytest.approx(10.0, rel=0.1)
    assert found.quantile(0.94) == pytest.approx(10.0, rel=0.1)
    assert found.quantile(0.95) == pytest.approx(1000.0, rel=0.1)


def test_of_no_orders_there_is_none() -> None:
    assert WaitingTimes().quantile(0.5) is None
    assert WaitingTimes({3: 0}).quantile(0.95) is None

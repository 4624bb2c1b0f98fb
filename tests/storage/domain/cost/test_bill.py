"""A worker's time and money are shared out whole among its clips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.domain.cost.bill import Charge, WorkerLife, share_out


@given(
    st.lists(st.floats(0.1, 300.0), min_size=1, max_size=20), st.floats(0, 100), st.floats(0, 99)
)
def test_the_shares_of_all_clips_are_the_whole(
    clips: list[float], start: float, idle: float
) -> None:
    charge = Charge(start + idle + sum(clips), start, money=1.25)
    bills = share_out(charge, clips)
    assert sum(bill.start_seconds for bill in bills) == pytest.approx(start)
    assert sum(bill.idle_seconds for bill in bills) == pytest.approx(idle, abs=1e-6)
    assert sum(bill.money for bill in bills) == pytest.approx(1.25)


def test_a_longer_clip_bears_more() -> None:
    short, long = share_out(Charge(100.0, 20.0, 3.0), [20.0, 40.0])
    assert (short.start_seconds, long.start_seconds) == pytest.approx((20 / 3, 40 / 3))
    assert (short.money, long.money) == pytest.approx((1.0, 2.0))


def test_a_start_that_never_ended_is_start_all_through() -> None:
    life = WorkerLife("a", "w", "", 100.0, 0.0, 130.0)
    assert (life.seconds, life.start_seconds) == (30.0, 30.0)
    assert WorkerLife("a", "w", "", 100.0, 112.0, 130.0).start_seconds == 12.0

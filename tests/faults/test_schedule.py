"""A seed gives one schedule, and all kinds of faults occur in it."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.faults.injection import INJECTIONS
from tests.faults.schedule import DURATIONS, KINDS, Action, make_schedule


def test_a_seed_reproduces_the_schedule() -> None:
    assert make_schedule(300, 60, 5) == make_schedule(300, 60, 5)
    assert make_schedule(300, 60, 5) != make_schedule(300, 60, 6)


def test_every_kind_occurs_as_often_as_the_others() -> None:
    schedule = make_schedule(2000, 300, 1)
    counts = Counter(fault.kind for fault in schedule.faults)
    assert counts.keys() == set(KINDS)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert sum(counts.values()) == 300


def test_faults_overlap_and_last_as_long_as_their_kind() -> None:
    faults = make_schedule(2000, 300, 1).faults
    ends = [fault.at + fault.seconds for fault in faults]
    assert sum(after.at < end for after, end in zip(faults[1:], ends, strict=False)) > 50
    for fault in faults:
        low, high = DURATIONS[fault.kind]
        assert low <= fault.seconds <= high


def test_faults_may_come_one_after_the_other() -> None:
    faults = make_schedule(100, 40, 1, pause=5.0).faults
    for before, after in pairwise(faults):
        assert after.at == pytest.approx(before.at + before.seconds + 5.0)


def test_orders_are_of_every_kind() -> None:
    orders = make_schedule(2000, 300, 1).orders
    assert {order.action for order in orders} == set(Action)
    assert {order.pictures for order in orders} == {1, 2, 3, 4}
    assert any(order.cancel_after is not None for order in orders)
    assert all(order.earlier < order.number for order in orders)


def test_every_kind_can_be_injected() -> None:
    assert INJECTIONS.keys() == DURATIONS.keys()

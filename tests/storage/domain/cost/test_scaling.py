"""How many workers are wanted, how long an idle one is kept, and which way to rent is cheaper."""

from __future__ import annotations

import itertools

import pytest

from storage.domain.cost.offer import Tenure
from storage.domain.cost.scaling import (
    LONGEST_IDLE,
    SHORTEST_IDLE,
    QueueLoad,
    ScalingPolicy,
    cheaper_tenure,
)
from storage.domain.forecast import start_delays

POLICY = ScalingPolicy(start_seconds=20.0, wait_limit=120.0)


@pytest.mark.parametrize(
    ("waiting", "remaining", "idle", "expected"),
    [
        (0, (), 0, 0),
        (0, (), 3, 0),  # an idle worker is not wanted, and ends by itself
        (0, (30.0, 10.0), 0, 2),
        (1, (), 0, 1),
        (3, (), 0, 1),  # the third starts after 20 s + 100 s
        (4, (), 0, 2),
        (4, (), 2, 2),
        (1, (), 2, 1),
        (2, (140.0,), 0, 2),  # the first is taken when the busy worker is free, the second is not
        (2, (90.0,), 0, 1),
        (2, (150.0,), 0, 2),  # free too late for both
        (1000, (), 0, 334),
    ],
)
def test_the_fewest_workers_are_wanted_with_which_nobody_waits_too_long(
    waiting: int, remaining: tuple[float, ...], idle: int, expected: int
) -> None:
    assert POLICY.wanted(QueueLoad(waiting, remaining, idle, 50.0)) == expected


@pytest.mark.parametrize("waiting", range(1, 30))
@pytest.mark.parametrize("clip_seconds", [5.0, 50.0, 300.0])
def test_the_number_is_the_least_that_keeps_the_limit(waiting: int, clip_seconds: float) -> None:
    limit = POLICY.wait_limit

    def last_start(workers: int) -> float:
        found = start_delays([], [clip_seconds] * waiting, workers)[-1]
        assert found is not None
        return found

    wanted = POLICY.wanted(QueueLoad(waiting, (), 0, clip_seconds))
    assert last_start(wanted) <= limit
    assert wanted == 1 or last_start(wanted - 1) > limit


def test_without_history_an_idle_worker_costs_at_most_twice_the_optimum() -> None:
    assert POLICY.idle_seconds([]) == POLICY.start_seconds
    assert POLICY.idle_seconds([900.0] * 5) == POLICY.start_seconds


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([500.0] * 20, SHORTEST_IDLE),  # nobody comes while it would be worth it
        ([15.0] * 20, 15.0),  # shorter than a start: each is bridged
        ([5.0] * 15 + [700.0] * 5, 5.0),
        ([100.0] * 20, SHORTEST_IDLE),  # bridging them costs more than starts
        ([LONGEST_IDLE + 1] * 20, SHORTEST_IDLE),
    ],
)
def test_an_idle_worker_is_kept_as_long_as_recent_gaps_make_it_cheaper(
    gaps: list[float], expected: float
) -> None:
    assert POLICY.idle_seconds(gaps) == expected


def test_no_other_idle_time_would_have_cost_less() -> None:
    gaps = [1.0, 3.0, 3.5, 8.0, 9.0, 14.0, 19.0, 25.0, 40.0, 80.0, 300.0, 2000.0]

    def cost(idle: float) -> float:
        return sum(gap if gap <= idle else idle + POLICY.start_seconds for gap in gaps)

    chosen = cost(POLICY.idle_seconds(gaps))
    assert chosen <= min(cost(one / 2) for one in range(4, 2 * int(LONGEST_IDLE)))


def test_a_set_idle_time_holds_whatever_the_gaps_are() -> None:
    assert ScalingPolicy(20.0, idle_limit=300.0).idle_seconds([1.0] * 50) == 300.0


def test_the_way_to_rent_changes_for_a_clear_difference_alone() -> None:
    tenures = (Tenure.ON_DEMAND, Tenure.FIXED)
    found = {
        (cost, now): cheaper_tenure(cost, 100.0, now)
        for cost, now in itertools.product((50.0, 87.0, 95.0, 150.0), tenures)
    }
    assert {found[50.0, now] for now in tenures} == {Tenure.ON_DEMAND}
    assert {found[95.0, now] for now in tenures} == {Tenure.FIXED}
    assert {found[150.0, now] for now in tenures} == {Tenure.FIXED}
    assert [found[87.0, now] for now in tenures] == list(tenures)

"""The clairvoyant's bill is the least of all, and no policy's is below it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.cost.clairvoyant import least_seconds
from storage.domain.cost.replay import Arrival, replay
from storage.domain.cost.scaling import ScalingPolicy

START = 20.0

clips = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), min_size=1, max_size=6).map(
    sorted
)


def partitions(numbers: Sequence[int]) -> Iterator[list[list[int]]]:
    """Yield every way to share these clips out among workers."""
    if not numbers:
        yield []
        return
    first, *rest = numbers
    for shared in partitions(rest):
        yield [[first], *shared]
        for place in range(len(shared)):
            yield [*shared[:place], [first, *shared[place]], *shared[place + 1 :]]


def bill(worker: Sequence[int], begun: Sequence[float], seconds: Sequence[float]) -> float:
    """Return a worker's lifetime, infinite where it would make two clips at once."""
    for earlier, later in pairwise(worker):
        if begun[earlier] + seconds[earlier] > begun[later]:
            return math.inf
    return START + begun[worker[-1]] + seconds[worker[-1]] - begun[worker[0]]


@given(clips)
@settings(max_examples=300, deadline=None)
def test_no_sharing_out_of_the_clips_costs_less(found: list[tuple[int, int]]) -> None:
    begun, seconds = zip(*((float(at), float(length)) for at, length in found), strict=True)
    cheapest = min(
        sum(bill(worker, begun, seconds) for worker in shared)
        for shared in partitions(range(len(begun)))
    )
    assert least_seconds(begun, seconds, START) == pytest.approx(cheapest)


@given(clips, st.sampled_from([None, 2.0, 20.0, 300.0]))
@settings(max_examples=200, deadline=None)
def test_no_policy_is_billed_less(found: list[tuple[int, int]], idle: float | None) -> None:
    arrivals = [Arrival(float(at), float(length)) for at, length in found]
    result = replay(arrivals, ScalingPolicy(START, idle_limit=idle), lambda _: START)
    billed = sum(worker.lifetime for worker in result.workers)
    seconds = [arrival.seconds for arrival in arrivals]
    assert least_seconds(result.begun, seconds, START) <= billed + 1e-6


def test_a_gap_is_bridged_exactly_where_that_is_cheaper_than_a_start() -> None:
    assert least_seconds([0.0, 60.0], [50.0, 50.0], START) == START + 100 + 10
    assert least_seconds([0.0, 90.0], [50.0, 50.0], START) == 2 * START + 100

"""A replay loses no clip and no second: what workers are billed is what they lived."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.domain.cost.replay import Arrival, Replay, replay
from storage.domain.cost.scaling import ScalingPolicy

POLICY = ScalingPolicy(start_seconds=20.0, wait_limit=120.0)

orders = st.lists(
    st.tuples(st.floats(0.0, 400.0), st.floats(1.0, 90.0)), min_size=1, max_size=40
).map(
    lambda pairs: [
        Arrival(at, seconds)
        for at, (_, seconds) in zip(
            itertools.accumulate(gap for gap, _ in pairs), pairs, strict=True
        )
    ]
)


def played(arrivals: list[Arrival], fixed: int = 0) -> Replay:
    return replay(arrivals, POLICY, lambda number: 10.0 + 7 * (number % 4), fixed=fixed)


@given(orders)
@settings(max_examples=150, deadline=None)
def test_lifetimes_are_starts_clips_and_idle_time(arrivals: list[Arrival]) -> None:
    result = played(arrivals)
    clips = sum(arrival.seconds for arrival in arrivals)
    assert sum(worker.busy for worker in result.workers) == pytest.approx(clips)
    for worker in result.workers:
        start = worker.ready - worker.started
        assert 10.0 - 1e-6 <= start <= 31.0 + 1e-6
        idle = worker.lifetime - start - worker.busy
        assert idle >= POLICY.idle_seconds([0.0] * 50) - 1e-6  # each ends by being idle


@given(orders)
@settings(max_examples=150, deadline=None)
def test_every_clip_is_begun_once_by_a_worker_that_is_there(arrivals: list[Arrival]) -> None:
    result = played(arrivals)
    spans = [
        (begun, begun + arrival.seconds)
        for begun, arrival in zip(result.begun, arrivals, strict=True)
    ]
    for begun, arrival in zip(result.begun, arrivals, strict=True):
        assert begun >= arrival.at
    for moment, _ in spans:
        running = sum(first <= moment < last for first, last in spans)
        ready = sum(worker.ready <= moment < worker.ended for worker in result.workers)
        assert running <= ready


def test_a_lone_order_waits_for_the_next_poll_and_a_start() -> None:
    result = played([Arrival(1001.0, 50.0)])
    [worker] = result.workers
    assert (worker.started, worker.ready) == (1005.0, 1015.0)
    assert result.begun == (1015.0,)
    assert worker.ended == 1065.0 + POLICY.start_seconds  # idle for as long as a start, unlearnt


def test_a_burst_gets_as_many_workers_as_keep_the_limit() -> None:
    result = played([Arrival(0.0, 50.0)] * 9)
    assert len(result.workers) == 3
    assert max(result.begun) <= 31.0 + POLICY.wait_limit


def test_a_fixed_card_is_there_from_the_first_order_to_the_last_end() -> None:
    result = played([Arrival(10.0, 50.0), Arrival(20.0, 50.0), Arrival(4000.0, 50.0)], fixed=1)
    [worker] = result.workers
    assert (worker.started, worker.ended, worker.busy) == (10.0, 4050.0, 150.0)
    assert result.begun == (10.0, 60.0, 4000.0)


def test_no_orders_cost_nothing() -> None:
    assert played([]) == Replay((), ())

"""A worker's metrics."""

from __future__ import annotations

import pytest

from gpu_worker.metrics import WorkerMetrics
from storage.domain.clip import Clip, Failure
from storage.queue.messages import Order
from tests.support.examples import CLIP, REQUEST
from tests.support.prometheus import samples

ORDER = Order("job", 1, REQUEST, 10_000_000)


class IdleEngine:
    """An engine process that is loaded and idle."""

    restarts = 2
    broken: Exception | None = None
    engine: object | None = "loaded"


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


async def counted(
    metrics: WorkerMetrics, clock: Clock, outcome: Clip | Failure, seconds: float
) -> None:
    async def handler(order: Order, report: None) -> Clip | Failure:
        clock.now += seconds
        assert metrics.idle == 0
        assert samples(metrics)["mutoscope_worker_busy"] == 1
        return outcome

    assert await metrics.instrument(handler)(ORDER, None) == outcome


async def test_outcomes_and_busy_seconds_are_counted() -> None:
    clock = Clock()
    metrics = WorkerMetrics(IdleEngine(), clock)
    await counted(metrics, clock, CLIP, 4.0)
    await counted(metrics, clock, Failure("failed_worker_error", retryable=True), 1.0)
    await counted(metrics, clock, Failure("failed_cancelled", cancelled=True), 0.5)
    clock.now += 7
    found = samples(metrics)
    assert found["mutoscope_worker_jobs_total{outcome=clip}"] == 1
    assert found["mutoscope_worker_jobs_total{outcome=failed}"] == 1
    assert found["mutoscope_worker_jobs_total{outcome=cancelled}"] == 1
    assert found["mutoscope_worker_busy_seconds_total"] == 5.5
    assert found["mutoscope_worker_busy"] == 0
    assert found["mutoscope_worker_idle_seconds"] == 7
    assert found["mutoscope_worker_engine_ready"] == 1
    assert found["mutoscope_worker_engine_restarts_total"] == 2
    assert metrics.idle == 7


async def test_a_handler_that_fails_is_no_longer_busy() -> None:
    async def handler(order: Order, report: None) -> Clip | Failure:
        raise RuntimeError

    metrics = WorkerMetrics(IdleEngine())
    with pytest.raises(RuntimeError):
        await metrics.instrument(handler)(ORDER, None)
    assert samples(metrics)["mutoscope_worker_busy"] == 0


async def test_overlapping_orders_are_busy_once_and_the_engines_seconds_add_up() -> None:
    clock = Clock()
    metrics = WorkerMetrics(IdleEngine(), clock)

    async def outer(order: Order, report: None) -> Clip | Failure:
        clock.now += 1.0
        await counted(metrics, clock, CLIP, 4.0)
        assert samples(metrics)["mutoscope_worker_orders_at_hand"] == 1
        return CLIP

    await metrics.instrument(outer)(ORDER, None)
    found = samples(metrics)
    assert found["mutoscope_worker_busy_seconds_total"] == 5
    assert found["mutoscope_worker_engine_seconds_total"] == 2 * CLIP.seconds


async def test_large_numbers_are_exact() -> None:
    clock = Clock()
    metrics = WorkerMetrics(IdleEngine(), clock)
    clock.now += 1234567.0
    assert samples(metrics)["mutoscope_worker_idle_seconds"] == 1234567.0

"""What a worker counts."""

from __future__ import annotations

import pytest

from gpu_worker.metrics import Metrics
from storage.domain.clip import Clip, Failure
from storage.queue.messages import Order
from tests.storage.examples import CLIP, REQUEST

ORDER = Order("job", 1, REQUEST, 10_000_000)


class StillHost:
    """An engine's process at rest."""

    restarts = 2
    broken: Exception | None = None
    engine: object | None = "loaded"


class Clock:
    """A clock that a test moves by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


async def counted(metrics: Metrics, clock: Clock, outcome: Clip | Failure, seconds: float) -> None:
    async def handler(order: Order, report: None) -> Clip | Failure:
        clock.now += seconds
        assert metrics.idle == 0
        assert "mutoscope_worker_busy 1" in metrics.text()
        return outcome

    assert await metrics.watch(handler)(ORDER, None) == outcome


async def test_outcomes_and_busy_seconds_are_counted() -> None:
    clock = Clock()
    metrics = Metrics(StillHost(), clock)
    await counted(metrics, clock, CLIP, 4.0)
    await counted(metrics, clock, Failure("failed_worker_error", retryable=True), 1.0)
    await counted(metrics, clock, Failure("failed_cancelled", cancelled=True), 0.5)
    clock.now += 7
    lines = metrics.text().splitlines()
    assert 'mutoscope_worker_jobs_total{outcome="clip"} 1' in lines
    assert 'mutoscope_worker_jobs_total{outcome="failed"} 1' in lines
    assert 'mutoscope_worker_jobs_total{outcome="cancelled"} 1' in lines
    assert "mutoscope_worker_busy_seconds_total 5.500" in lines
    assert "mutoscope_worker_busy 0" in lines
    assert "mutoscope_worker_idle_seconds 7.000" in lines
    assert "mutoscope_worker_engine_restarts_total 2" in lines
    assert metrics.idle == 7


async def test_a_handler_that_fails_is_no_longer_busy() -> None:
    async def handler(order: Order, report: None) -> Clip | Failure:
        raise RuntimeError

    metrics = Metrics(StillHost())
    with pytest.raises(RuntimeError):
        await metrics.watch(handler)(ORDER, None)
    assert "mutoscope_worker_busy 0" in metrics.text()


async def test_orders_at_hand_together_are_busy_once_and_the_engines_seconds_add_up() -> None:
    clock = Clock()
    metrics = Metrics(StillHost(), clock)

    async def outer(order: Order, report: None) -> Clip | Failure:
        clock.now += 1.0
        await counted(metrics, clock, CLIP, 4.0)
        assert "mutoscope_worker_orders_at_hand 1" in metrics.text()
        return CLIP

    await metrics.watch(outer)(ORDER, None)
    lines = metrics.text().splitlines()
    assert "mutoscope_worker_busy_seconds_total 5.000" in lines
    assert f"mutoscope_worker_engine_seconds_total {2 * CLIP.seconds:.3f}" in lines

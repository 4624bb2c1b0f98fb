"""A worker's metrics."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gpu_worker.metrics import FALLBACKS, WorkerMetrics
from gpu_worker.models.i2vgen_xl.memory.fallback import FallbackStep
from gpu_worker.stage_times import TimedReporter
from storage.domain.clip import Adjustment, Clip, Failure
from storage.domain.progress import Progress, Stage
from storage.queue.connection import connect_redis
from storage.queue.messages.orders import Order
from storage.queue.reporter import ProgressReporter
from storage.queue.slots import SlotQueue
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


def reporter() -> ProgressReporter:
    """Return a reporter that is never run, and so reaches no Redis."""
    return ProgressReporter(connect_redis("redis://127.0.0.1:1"), ORDER, "worker", SlotQueue())


async def counted(
    metrics: WorkerMetrics, clock: Clock, outcome: Clip | Failure, seconds: float
) -> None:
    async def handler(order: Order, report: TimedReporter) -> Clip | Failure:
        clock.now += seconds
        assert metrics.idle == 0
        assert samples(metrics)["mutoscope_worker_busy"] == 1
        return outcome

    assert await metrics.instrument(handler)(ORDER, reporter()) == outcome


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
    async def handler(order: Order, report: TimedReporter) -> Clip | Failure:
        raise RuntimeError

    metrics = WorkerMetrics(IdleEngine())
    with pytest.raises(RuntimeError):
        await metrics.instrument(handler)(ORDER, reporter())
    assert samples(metrics)["mutoscope_worker_busy"] == 0


async def test_overlapping_orders_are_busy_once_and_the_engines_seconds_add_up() -> None:
    clock = Clock()
    metrics = WorkerMetrics(IdleEngine(), clock)

    async def outer(order: Order, report: TimedReporter) -> Clip | Failure:
        clock.now += 1.0
        await counted(metrics, clock, CLIP, 4.0)
        assert samples(metrics)["mutoscope_worker_orders_at_hand"] == 1
        return CLIP

    await metrics.instrument(outer)(ORDER, reporter())
    found = samples(metrics)
    assert found["mutoscope_worker_busy_seconds_total"] == 5
    assert found["mutoscope_worker_engine_seconds_total"] == 2 * CLIP.seconds


async def test_the_seconds_of_each_stage_add_up_over_orders() -> None:
    clock = Clock()
    metrics = WorkerMetrics(IdleEngine(), clock)

    async def handler(order: Order, report: TimedReporter) -> Clip | Failure:
        clock.now += 9.0  # it waits for the engine
        await report.progress(Progress(Stage.PREPARING, 0, 2))
        clock.now += 0.5
        for step in (1, 2):
            await report.progress(Progress(Stage.DENOISING, step, 2))
            clock.now += 2.0
        await report.progress(Progress(Stage.ENCODING, 0, 1))
        clock.now += 0.25
        return CLIP

    for _ in range(2):
        await metrics.instrument(handler)(ORDER, reporter())
    found = samples(metrics)
    stages = {
        stage: found[f"mutoscope_worker_stage_seconds_total{{stage={stage}}}"] for stage in Stage
    }
    entered = {Stage.PREPARING: 1.0, Stage.DENOISING: 8.0, Stage.ENCODING: 0.5}
    assert stages == dict.fromkeys(Stage, 0.0) | entered


async def test_what_clips_gave_up_for_memory_is_counted() -> None:
    clock = Clock()
    metrics = WorkerMetrics(IdleEngine(), clock)
    gave_up = tuple(Adjustment(f"adjusted_{step}") for step in ("slices", "to_size_limit"))
    for outcome in (replace(CLIP, adjustments=gave_up), CLIP, Failure("failed_out_of_memory")):
        await counted(metrics, clock, outcome, 1.0)
    found = samples(metrics)
    assert found["mutoscope_worker_memory_fallbacks_total{step=slices}"] == 1
    assert found["mutoscope_worker_memory_fallbacks_total{step=smaller}"] == 0
    assert found["mutoscope_worker_memory_fallbacks_total{step=failed}"] == 1


def test_every_step_that_a_model_takes_is_counted() -> None:
    assert tuple(step.value for step in FallbackStep) == FALLBACKS


async def test_large_numbers_are_exact() -> None:
    clock = Clock()
    metrics = WorkerMetrics(IdleEngine(), clock)
    clock.now += 1234567.0
    assert samples(metrics)["mutoscope_worker_idle_seconds"] == 1234567.0

"""Forecasts of each waiting job's position and start."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from bot.studio import wait_forecast
from bot.studio.wait_forecast import WaitForecast
from storage.database.jobs import Jobs
from storage.domain.job import Job, Status
from tests.support.examples import job

NOW = 5000.0


class FakeJobs:
    """Waiting and running jobs of one kind with a median duration in seconds (None: unknown)."""

    def __init__(self, count: int, seconds: float | None, *running_for: float) -> None:
        self.jobs = [job(f"job{number}", "ann", 1000.0 + number) for number in range(count)]
        self.seconds = seconds
        self.running = [
            replace(job(f"running{number}"), status=Status.RUNNING, started=NOW - seconds)
            for number, seconds in enumerate(running_for)
        ]

    async def waiting(self) -> list[Job]:
        """Return the jobs in the order in which they will start."""
        return self.jobs

    async def unfinished(self) -> list[Job]:
        """Return the running and the waiting jobs."""
        return [*self.running, *self.jobs]

    async def median_seconds(self, *_kind: object) -> float | None:
        """Return the median duration."""
        return self.seconds


async def forecast_seconds(jobs: FakeJobs, workers: int | None) -> list[float | None]:
    """Return the seconds until each waiting job starts."""

    async def alive() -> int | None:
        return workers

    waits = await WaitForecast(cast(Jobs, jobs), alive, lambda: NOW).estimates()
    assert [waits[one.id].position for one in jobs.jobs] == list(range(len(jobs.jobs)))
    return [waits[one.id].seconds for one in jobs.jobs]


async def test_one_worker_runs_one_job_after_the_other() -> None:
    assert await forecast_seconds(FakeJobs(4, 10.0), 1) == [None, 10, 20, 30]


async def test_several_workers_share_the_jobs() -> None:
    assert await forecast_seconds(FakeJobs(5, 10.0), 2) == [None, None, 10, 10, 20]


async def test_the_next_job_waits_for_the_rest_of_the_running_one() -> None:
    assert await forecast_seconds(FakeJobs(2, 10.0, 4.0), 1) == [6, 16]
    assert await forecast_seconds(FakeJobs(3, 10.0, 4.0, 1.0), 2) == [6, 9, 16]


async def test_an_idle_worker_beside_a_busy_one_is_free_now() -> None:
    assert await forecast_seconds(FakeJobs(2, 10.0, 4.0), 2) == [None, 6]


async def test_a_job_beyond_its_median_counts_as_ending_now() -> None:
    assert await forecast_seconds(FakeJobs(2, 10.0, 25.0), 1) == [None, 10]


async def test_without_workers_one_is_assumed() -> None:
    assert await forecast_seconds(FakeJobs(2, 10.0), 0) == [None, 10]
    assert await forecast_seconds(FakeJobs(2, 10.0), None) == [None, 10]


async def test_without_a_median_there_is_no_time() -> None:
    assert await forecast_seconds(FakeJobs(3, None), 1) == [None, None, None]


async def test_there_is_no_new_forecast_until_it_expires() -> None:
    async def alive() -> int:
        return 1

    forecast = WaitForecast(cast(Jobs, FakeJobs(1, 10.0)), alive)
    assert await forecast.estimates()
    assert await forecast.estimates() == {}


async def test_a_forecast_that_still_holds_stays_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wait_forecast, "MIN_INTERVAL", 0.0)
    now = [NOW]

    async def alive() -> int:
        return 1

    jobs = FakeJobs(2, 60.0, 10.0)
    forecast = WaitForecast(cast(Jobs, jobs), alive, lambda: now[0])
    first = await forecast.estimates()
    now[0] += 20.0
    forecast.expire()
    assert await forecast.estimates() == first
    jobs.running = []  # it ended long before the others of its kind did
    forecast.expire()
    assert [wait.seconds for wait in (await forecast.estimates()).values()] == [None, 60]

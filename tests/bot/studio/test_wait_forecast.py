"""Forecasts of each waiting job's position and start."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from bot.studio import wait_forecast
from bot.studio.models.availability import Availability
from bot.studio.wait_forecast import LOOKUPS, WINDOW, QueueEstimate, WaitForecast
from storage.catalogue_file import load_catalogue
from storage.database.jobs import Jobs
from storage.domain.job import Job, Status
from tests.support.examples import job

NOW = 5000.0
CATALOGUE = load_catalogue()


class FakeJobs:
    """Waiting and running jobs of one kind with a median duration in seconds (None: unknown)."""

    def __init__(self, count: int, seconds: float | None, *running_for: float) -> None:
        self.jobs = [job(f"job{number}", "ann", 1000.0 + number) for number in range(count)]
        self.seconds = seconds
        self.pending = self.lives = self.sums = self
        self.start: float | None = None
        self.running = [
            replace(job(f"running{number}"), status=Status.RUNNING, started=NOW - seconds)
            for number, seconds in enumerate(running_for)
        ]

    async def models(self) -> list[str]:
        """Return the models of the waiting jobs."""
        return sorted({job.request.model for job in self.jobs})

    async def next(self, limit: int, *, model: str) -> list[Job]:
        """Return a model's first jobs in the order in which they will start."""
        return [job for job in self.jobs if job.request.model == model][:limit]

    async def in_flight(self) -> list[Job]:
        """Return the running jobs."""
        return self.running

    async def position(self, job_id: str) -> int | None:
        """Return a job's place in the order."""
        for wanted in (one for one in self.jobs if one.id == job_id):
            model = wanted.request.model
            return [job for job in self.jobs if job.request.model == model].index(wanted)
        return None

    async def mean_start(self, _model: str) -> float | None:
        """Return how long workers take to start."""
        return self.start

    async def median_seconds(self, *_kind: object) -> float | None:
        """Return the median duration."""
        return self.seconds


async def forecast_seconds(jobs: FakeJobs, workers: int | None) -> list[float | None]:
    """Return the seconds until each waiting job starts."""

    async def alive() -> dict[str, int] | None:
        return None if workers is None else {"embedded": workers}

    waits = await WaitForecast(cast(Jobs, jobs), alive, CATALOGUE, lambda: NOW).estimates()
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
    async def alive() -> dict[str, int]:
        return {"embedded": 1}

    forecast = WaitForecast(cast(Jobs, FakeJobs(1, 10.0)), alive, CATALOGUE)
    assert await forecast.estimates()
    assert await forecast.estimates() == {}


async def test_a_forecast_that_still_holds_stays_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wait_forecast, "MIN_INTERVAL", 0.0)
    now = [NOW]

    async def alive() -> dict[str, int]:
        return {"embedded": 1}

    jobs = FakeJobs(2, 60.0, 10.0)
    forecast = WaitForecast(cast(Jobs, jobs), alive, CATALOGUE, lambda: now[0])
    first = await forecast.estimates()
    now[0] += 20.0
    forecast.expire()
    assert await forecast.estimates() == first
    jobs.running = []  # it ended long before the others of its kind did
    forecast.expire()
    assert [wait.seconds for wait in (await forecast.estimates()).values()] == [None, 60]


def long_forecast(jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch) -> WaitForecast:
    """Return a forecast with two workers that may be asked at any time."""
    monkeypatch.setattr(wait_forecast, "MIN_INTERVAL", 0.0)

    async def alive() -> dict[str, int]:
        return {"embedded": 2}

    return WaitForecast(cast(Jobs, jobs), alive, CATALOGUE, lambda: NOW)


async def test_only_the_head_of_a_long_queue_is_forecast_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forecast = long_forecast(FakeJobs(200, 10.0), monkeypatch)
    assert list(await forecast.estimates()) == [f"job{number}" for number in range(WINDOW)]


async def test_a_followed_job_behind_the_head_has_its_position_and_an_approximate_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forecast = long_forecast(FakeJobs(200, 10.0), monkeypatch)
    forecast.follow(job("job150"))
    forecast.follow(job("job150"))
    estimate = (await forecast.estimates())["job150"]
    assert estimate.position == 150
    assert estimate.seconds == pytest.approx(150 / 2 * 10, abs=10)


async def test_a_followed_job_behind_jobs_of_unknown_duration_has_only_its_position(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forecast = long_forecast(FakeJobs(200, None), monkeypatch)
    forecast.follow(job("job150"))
    assert (await forecast.estimates())["job150"] == QueueEstimate(150)


async def test_few_further_jobs_are_looked_up_at_once_and_each_one_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = FakeJobs(200, 10.0)
    forecast = long_forecast(jobs, monkeypatch)
    followed = [f"job{number}" for number in range(100, 120)]
    for job_id in followed:
        forecast.follow(job(job_id))
    further: list[str] = []
    for expected in (LOOKUPS, LOOKUPS, 4, 0):
        forecast.expire()
        found = [job_id for job_id in await forecast.estimates() if job_id in followed]
        assert len(found) == expected
        further += found
    assert sorted(further) == followed
    assert await forecast.estimates() == {}  # nothing has changed, and nothing is due


async def test_what_no_longer_waits_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = FakeJobs(200, 10.0)
    forecast = long_forecast(jobs, monkeypatch)
    forecast.follow(job("job150"))
    del jobs.jobs[150]
    assert "job150" not in await forecast.estimates()
    assert not forecast._due


async def test_each_model_has_places_and_workers_of_its_own() -> None:
    jobs = FakeJobs(4, 10.0)
    for number in (1, 3):
        request = replace(jobs.jobs[number].request, model="other")
        jobs.jobs[number] = replace(jobs.jobs[number], request=request)

    async def alive() -> dict[str, int]:
        return {"embedded": 1}

    waits = await WaitForecast(cast(Jobs, jobs), alive, CATALOGUE, lambda: NOW).estimates()
    assert waits == {
        "job0": QueueEstimate(0),
        "job2": QueueEstimate(1, 10),
        "job1": QueueEstimate(0, availability=Availability.UNSERVED),
        "job3": QueueEstimate(1, 10, availability=Availability.UNSERVED),
    }


async def test_a_worker_that_is_only_started_by_the_order_is_waited_for() -> None:
    rows = {name: replace(row, on_demand=True) for name, row in CATALOGUE.models.items()}
    jobs = FakeJobs(2, 10.0)
    now = jobs.jobs[0].created + 20.0

    async def estimates() -> dict[str, QueueEstimate]:
        forecast = WaitForecast(
            cast(Jobs, jobs), nobody, replace(CATALOGUE, models=rows), lambda: now
        )
        return await forecast.estimates()

    async def nobody() -> dict[str, int]:
        return {}

    started = Availability.ON_DEMAND
    assert await estimates() == {
        "job0": QueueEstimate(0, None, started),
        "job1": QueueEstimate(1, None, started),
    }
    jobs.start = 90.0
    assert await estimates() == {
        "job0": QueueEstimate(0, 70, started),  # of the start 20 s are over
        "job1": QueueEstimate(1, 80, started),
    }
    jobs.start = 5.0
    assert (await estimates())["job0"] == QueueEstimate(0, None, started)

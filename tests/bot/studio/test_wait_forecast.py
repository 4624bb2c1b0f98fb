"""A forecast tells each waiting job its place and when its turn comes."""

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


class Line:
    """Waiting jobs whose kind of clip takes some seconds, or nobody knows how many."""

    def __init__(self, count: int, seconds: float | None, *running_for: float) -> None:
        self.jobs = [job(f"job{number}", "ann", 1000.0 + number) for number in range(count)]
        self.seconds = seconds
        self.running = [
            replace(job(f"running{number}"), status=Status.RUNNING, started=NOW - seconds)
            for number, seconds in enumerate(running_for)
        ]

    async def waiting(self) -> list[Job]:
        """Return the jobs in the order in which they will go."""
        return self.jobs

    async def unfinished(self) -> list[Job]:
        """Return these and those at which a worker is."""
        return [*self.running, *self.jobs]

    async def median_seconds(self, *_kind: object) -> float | None:
        """Return how long a clip takes."""
        return self.seconds


async def foretold(line: Line, workers: int | None) -> list[float | None]:
    """Return the seconds that each job is told."""

    async def alive() -> int | None:
        return workers

    waits = await WaitForecast(cast(Jobs, line), alive, lambda: NOW).estimates()
    assert [waits[one.id].position for one in line.jobs] == list(range(len(line.jobs)))
    return [waits[one.id].seconds for one in line.jobs]


async def test_one_worker_makes_clips_one_after_the_other() -> None:
    assert await foretold(Line(4, 10.0), 1) == [None, 10, 20, 30]


async def test_more_workers_take_turns() -> None:
    assert await foretold(Line(5, 10.0), 2) == [None, None, 10, 10, 20]


async def test_who_is_next_is_told_what_is_left_of_the_running_clip() -> None:
    assert await foretold(Line(2, 10.0, 4.0), 1) == [6, 16]
    assert await foretold(Line(3, 10.0, 4.0, 1.0), 2) == [6, 9, 16]


async def test_an_idle_worker_beside_a_busy_one_is_free_now() -> None:
    assert await foretold(Line(2, 10.0, 4.0), 2) == [None, 6]


async def test_a_clip_that_takes_longer_than_its_like_is_about_to_end() -> None:
    assert await foretold(Line(2, 10.0, 25.0), 1) == [None, 10]


async def test_without_a_worker_it_counts_on_one_to_come() -> None:
    assert await foretold(Line(2, 10.0), 0) == [None, 10]
    assert await foretold(Line(2, 10.0), None) == [None, 10]


async def test_where_nobody_knows_no_time_is_told() -> None:
    assert await foretold(Line(3, None), 1) == [None, None, None]


async def test_nothing_is_told_twice_until_something_changed() -> None:
    async def alive() -> int:
        return 1

    forecast = WaitForecast(cast(Jobs, Line(1, 10.0)), alive)
    assert await forecast.estimates()
    assert await forecast.estimates() == {}


async def test_time_that_passes_as_foretold_redraws_no_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wait_forecast, "MIN_INTERVAL", 0.0)
    now = [NOW]

    async def alive() -> int:
        return 1

    line = Line(2, 60.0, 10.0)
    forecast = WaitForecast(cast(Jobs, line), alive, lambda: now[0])
    first = await forecast.estimates()
    now[0] += 20.0
    forecast.expire()
    assert await forecast.estimates() == first
    line.running = []  # it ended long before the others of its kind did
    forecast.expire()
    assert [wait.seconds for wait in (await forecast.estimates()).values()] == [None, 60]

"""On the queue there lies one turn more than the workers are at, however many share a turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dispatch.window import fitting
from storage.domain.job import Job, Status
from tests.storage.examples import job


def alike(count: int, status: Status = Status.QUEUED, attempt: int = 0) -> list[Job]:
    names = [f"{status.value}{number}" for number in range(count)]
    return [replace(job(name), status=status, attempt=attempt) for name in names]


def different(count: int) -> list[Job]:
    steps = range(10, 10 + count)
    return [
        replace(each, request=replace(each.request, steps=number))
        for each, number in zip(alike(count), steps, strict=True)
    ]


@pytest.mark.parametrize(("places", "room"), [([], 1), ([1], 2), ([2], 4), ([4], 8), ([2, 2], 6)])
def test_jobs_of_one_kind_fill_the_turns(places: list[int], room: int) -> None:
    assert fitting([], alike(9), places) == alike(9)[:room]


@pytest.mark.parametrize("places", [[1], [4]])
def test_jobs_that_cannot_share_take_a_turn_each(places: list[int]) -> None:
    assert fitting([], different(9), places) == different(9)[:2]
    assert fitting([], alike(9, attempt=1), places) == alike(9, attempt=1)[:2]


@pytest.mark.parametrize(("running", "room"), [(1, 4), (4, 4), (5, 0)])
def test_what_runs_takes_the_turns_that_it_needs(running: int, room: int) -> None:
    assert len(fitting(alike(running, Status.RUNNING, attempt=1), alike(9), [4])) == room


def test_what_lies_on_the_queue_is_shared_with_by_those_right_behind() -> None:
    queued = [replace(each, dispatched=5.0) for each in alike(3, attempt=1)]
    running = alike(1, Status.RUNNING, attempt=1)
    assert len(fitting(running + queued, alike(4), [4])) == 1
    assert fitting(running + queued, different(2), [4]) == []

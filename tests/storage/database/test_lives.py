"""Workers' lives are stored, and each clip is billed its share once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.database.jobs import Jobs
from storage.domain.cost.bill import WorkerLife
from storage.domain.job import Job
from tests.support.examples import CLIP, JOB, job

NOW = JOB.created
LIFE = WorkerLife("ab12", "w1", "an offer", NOW, NOW + 20.0, NOW + 30.0, model="embedded")


async def make_clip(jobs: Jobs, name: str, seconds: float, worker: str = "w1") -> None:
    await jobs.add(job(name))
    await jobs.finish(name, replace(CLIP, seconds=seconds, worker=worker), NOW + 30.0)


async def bills(jobs: Jobs, *names: str) -> list[Job]:
    return [await jobs.get(name) for name in names]


async def test_a_clip_is_billed_when_its_worker_has_ended(jobs: Jobs) -> None:
    await make_clip(jobs, "a", 10.0)
    await make_clip(jobs, "b", 30.0)
    await make_clip(jobs, "other", 30.0, worker="w2")
    assert await jobs.lives.record(LIFE, 0.3) == []
    assert not (await jobs.get("a")).billed
    end = replace(LIFE, seen=NOW + 80.0, ended=True)
    assert len(await jobs.lives.record(end, 0.8)) == 2
    first, second, other = await bills(jobs, "a", "b", "other")
    assert (first.billed, second.billed, other.billed) == (True, True, False)
    assert (first.start_seconds, first.idle_seconds) == pytest.approx((5.0, 5.0))
    assert (second.start_seconds, second.idle_seconds) == pytest.approx((15.0, 15.0))
    assert (first.money, second.money) == pytest.approx((0.2, 0.6))
    report = await jobs.sums.of_person("ann", NOW)
    assert report.money == pytest.approx(0.8)
    assert (report.start_seconds, report.idle_seconds) == pytest.approx((20.0, 20.0))
    assert (await jobs.sums.of_everybody(NOW - 1.0)).money == pytest.approx(0.8)


async def test_an_end_that_is_told_again_bills_nothing_more(jobs: Jobs) -> None:
    await make_clip(jobs, "a", 10.0)
    end = replace(LIFE, ended=True)
    assert len(await jobs.lives.record(end, 0.3)) == 1
    await make_clip(jobs, "late", 10.0)
    assert await jobs.lives.record(end, 0.3) == []
    assert await jobs.lives.record(replace(LIFE, seen=NOW + 25.0), 0.2) == []  # an older word
    assert (await jobs.lives.total(0.0)).money == pytest.approx(0.3)


async def test_a_worker_that_was_taken_for_dead_is_billed_for_the_rest(jobs: Jobs) -> None:
    await make_clip(jobs, "a", 10.0)
    await jobs.lives.record(replace(LIFE, ended=True), 0.3)
    await make_clip(jobs, "late", 10.0)
    [bill] = await jobs.lives.record(replace(LIFE, seen=NOW + 99.0, ended=True), 0.9)
    assert bill.money == pytest.approx(0.6)
    assert (bill.start_seconds, bill.idle_seconds) == pytest.approx((0.0, 59.0))
    total = await jobs.lives.total(0.0)
    assert (total.workers, total.seconds) == (1, 99.0)


async def test_a_worker_that_goes_on_is_billed_each_hour(jobs: Jobs) -> None:
    await make_clip(jobs, "a", 10.0)
    await jobs.lives.record(replace(LIFE, seen=NOW + 3600.0), 1.0)
    assert (await jobs.get("a")).money == pytest.approx(1.0)
    await jobs.lives.record(replace(LIFE, seen=NOW + 7200.0), 2.0)  # no clip to bear it
    await make_clip(jobs, "b", 10.0)
    assert await jobs.lives.record(replace(LIFE, seen=NOW + 9000.0, ended=True), 2.5)
    later = await jobs.get("b")
    assert later.money == pytest.approx(1.5)  # all since the first hour
    assert later.start_seconds == 0.0
    assert later.idle_seconds == pytest.approx(5390.0)


async def test_all_workers_are_billed_what_they_lived(jobs: Jobs) -> None:
    for number in range(3):
        life = replace(LIFE, id=f"a{number}", seen=NOW + 60.0 + number, ended=True)
        await jobs.lives.record(life, 0.1)
    total = await jobs.lives.total(NOW)
    assert (total.workers, total.seconds) == (3, 183.0)
    assert total.money == pytest.approx(0.3)
    assert (await jobs.lives.total(NOW + 1.0)).workers == 0
    assert await jobs.lives.mean_start() == 20.0


async def test_a_clip_that_is_made_again_is_billed_again(jobs: Jobs) -> None:
    await make_clip(jobs, "a", 10.0)
    await jobs.lives.record(replace(LIFE, ended=True), 0.3)
    await jobs.reopen("a")
    assert (await jobs.sums.of_person("ann", NOW)).money == 0.0
    await jobs.finish("a", replace(CLIP, seconds=5.0, worker="w1"), NOW + 50.0)
    assert not (await jobs.get("a")).billed


async def test_without_workers_no_start_is_known(jobs: Jobs) -> None:
    assert await jobs.lives.mean_start() is None

"""Every state change of a job, and those that are refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.jobs import Jobs
from storage.database.tables import jobs as jobs_table
from storage.domain.camera.motion import Motion, Reading, Speed
from storage.domain.catalogue import Catalogue, PresetRow
from storage.domain.clip import Clip, Failure
from storage.domain.errors import JobGone, NotAllowed, Unavailable
from storage.domain.job import ReplyTarget, Status
from storage.domain.models.pipeline_row import PipelineRow
from storage.domain.models.served_model import ServedModel
from storage.domain.request import Preset
from tests.support.examples import CLIP, JOB, REQUEST, job

BROKEN = Failure("failed_memory")


async def test_a_job_comes_back_as_it_was_written(jobs: Jobs) -> None:
    await jobs.add(JOB)
    assert await jobs.get(JOB.id) == JOB


async def test_a_row_from_before_requests_had_a_reading_gets_it_when_it_is_read(
    jobs: Jobs,
) -> None:
    old = replace(REQUEST, prompt="slowly pan left", reading=None)
    await jobs.add(replace(JOB, request=old))
    found = (await jobs.get(JOB.id)).request
    assert found == replace(old, reading=Reading(Motion.PAN_LEFT, Speed.SLOW))
    assert found.fingerprint == old.fingerprint


async def test_a_job_goes_from_queued_to_done(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.dispatched(JOB.id, 1, 10.0)
    await jobs.started(JOB.id, 1, 11.0)
    ended = await jobs.finish(JOB.id, CLIP, 20.0)
    assert ended == replace(
        JOB, status=Status.DONE, attempt=1, dispatched=10.0, started=11.0, ended=20.0, clip=CLIP
    )
    assert await jobs.get(JOB.id) == ended


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (CLIP, Status.DONE),
        (BROKEN, Status.FAILED),
        (Failure("failed_cancelled", cancelled=True), Status.CANCELLED),
    ],
)
async def test_the_first_outcome_wins(jobs: Jobs, outcome: Clip | Failure, status: Status) -> None:
    await jobs.add(JOB)
    first = await jobs.finish(JOB.id, outcome, 20.0)
    assert first is not None
    assert first.status is status
    for late in (CLIP, BROKEN):
        assert await jobs.finish(JOB.id, late, 30.0) is None
    with pytest.raises(JobGone):
        await jobs.cancel(JOB.id, None, 30.0)
    assert await jobs.get(JOB.id) == first


async def test_one_of_many_concurrent_outcomes_wins(jobs: Jobs) -> None:
    await jobs.add(JOB)
    ends = await asyncio.gather(*(jobs.finish(JOB.id, CLIP, float(at)) for at in range(20)))
    assert sum(end is not None for end in ends) == 1


async def test_the_outcome_of_an_unknown_job_is_ignored(jobs: Jobs) -> None:
    assert await jobs.finish("nobody", CLIP, 1.0) is None


async def test_an_old_attempt_cannot_start(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.dispatched(JOB.id, 1, 10.0)
    await jobs.requeue(JOB.id, 1, died=True)
    await jobs.dispatched(JOB.id, 2, 12.0)
    with pytest.raises(JobGone):
        await jobs.started(JOB.id, 1, 13.0)
    with pytest.raises(JobGone):
        await jobs.dispatched(JOB.id, 2, 14.0)


async def test_an_attempt_given_up_too_early_is_running_once_it_starts(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.dispatched(JOB.id, 1, 10.0)
    await jobs.requeue(JOB.id, 1, died=False)
    await jobs.started(JOB.id, 1, 13.0)
    again = await jobs.requeue(JOB.id, 1, died=True)  # its worker died after all
    assert (again.deaths, again.status) == (1, Status.QUEUED)


async def test_only_attempts_that_died_count_as_deaths(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.dispatched(JOB.id, 1, 10.0)
    await jobs.started(JOB.id, 1, 11.0)
    assert (await jobs.requeue(JOB.id, 1, died=False)).deaths == 0
    await jobs.dispatched(JOB.id, 2, 12.0)
    again = await jobs.requeue(JOB.id, 2, died=True)
    assert (again.deaths, again.status, again.dispatched) == (1, Status.QUEUED, 0.0)


async def test_an_ended_job_cannot_change(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.finish(JOB.id, BROKEN, 20.0)
    for step in (jobs.dispatched(JOB.id, 1, 1.0), jobs.started(JOB.id, 0, 1.0)):
        with pytest.raises(JobGone) as caught:
            await step
        assert caught.value.key == "job_over"
    with pytest.raises(JobGone):
        await jobs.requeue(JOB.id, 1, died=False)


async def test_a_lost_attempt_is_requeued_once(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.dispatched(JOB.id, 1, 10.0)
    await jobs.requeue(JOB.id, 1, died=True)
    with pytest.raises(JobGone):
        await jobs.requeue(JOB.id, 1, died=True)
    await jobs.dispatched(JOB.id, 2, 11.0)
    with pytest.raises(JobGone):
        await jobs.requeue(JOB.id, 1, died=True)
    assert (await jobs.get(JOB.id)).deaths == 1


async def test_only_its_owner_may_cancel_a_job(jobs: Jobs) -> None:
    await jobs.add(JOB)
    with pytest.raises(NotAllowed):
        await jobs.cancel(JOB.id, "bob", 20.0)
    cancelled = await jobs.cancel(JOB.id, "ann", 20.0)
    assert cancelled.status is Status.CANCELLED
    with pytest.raises(JobGone) as caught:
        await jobs.cancel("nobody", None, 20.0)
    assert caught.value.key == "job_unknown"


async def test_an_outcome_is_delivered_once(jobs: Jobs) -> None:
    await jobs.add(JOB)
    assert not await jobs.delivered(JOB.id, "99", 21.0)
    await jobs.finish(JOB.id, CLIP, 20.0)
    assert [one.id for one in await jobs.search.undelivered()] == [JOB.id]
    first = await asyncio.gather(*(jobs.delivered(JOB.id, "99", 21.0) for _ in range(5)))
    assert sorted(first) == [False, False, False, False, True]
    assert await jobs.search.undelivered() == []
    assert (await jobs.get(JOB.id)).reply_to.message == "99"


async def test_a_message_leads_to_its_job(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.move(JOB, ReplyTarget(front="discord", channel="5", message="6"))
    found = await jobs.search.by_message("discord", "5", "6")
    assert found is not None
    assert found.id == JOB.id
    assert await jobs.search.by_message("discord", "2", "3") is None


async def test_the_same_request_finds_the_clip_that_is_there(jobs: Jobs) -> None:
    await jobs.add(JOB)
    assert await jobs.search.clip(REQUEST) is None
    await jobs.finish(JOB.id, CLIP, 20.0)
    assert await jobs.search.clip(REQUEST) == CLIP
    assert await jobs.search.clip(replace(REQUEST, seed=8)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"source": "/models/tuned"},
        {"revision": 99},
        {"presets": {Preset.EXACT: PresetRow(steps=0.5)}},
        {"pipeline": PipelineRow(arguments={"motion_bucket_id": 200})},
    ],
)
async def test_a_clip_of_other_weights_is_not_the_same_clip(
    jobs: Jobs, engine: AsyncEngine, catalogue: Catalogue, change: dict[str, Any]
) -> None:
    await jobs.add(JOB)
    await jobs.finish(JOB.id, CLIP, 20.0)
    tuned = replace(catalogue.model(), **change)
    others = Jobs(engine, replace(catalogue, models={tuned.name: tuned}))
    assert await others.search.clip(REQUEST) is None
    assert await jobs.search.clip(REQUEST) == CLIP


@pytest.mark.parametrize(
    "change", [{"source": "ali-vilab/i2vgen-xl@main"}, {"revision": 99}], ids=["source", "revision"]
)
async def test_what_a_worker_of_other_weights_made_answers_no_order_of_the_catalogues(
    jobs: Jobs, engine: AsyncEngine, catalogue: Catalogue, change: dict[str, Any]
) -> None:
    row = catalogue.model()
    worker = replace(ServedModel(row.name, row.source, row.revision), **change)
    await jobs.add(JOB)
    await jobs.finish(JOB.id, replace(CLIP, made_with=worker), 20.0)
    assert (await jobs.get(JOB.id)).clip == replace(CLIP, made_with=worker)
    assert await jobs.search.clip(REQUEST) is None
    others = Jobs(engine, replace(catalogue, models={row.name: replace(row, **change)}))
    assert await others.search.clip(REQUEST) is not None


async def test_an_order_that_waited_for_new_weights_answers_orders_of_these(
    jobs: Jobs, engine: AsyncEngine, catalogue: Catalogue
) -> None:
    await jobs.add(JOB)
    row = replace(catalogue.model(), revision=99)
    new = Jobs(engine, replace(catalogue, models={row.name: row}))
    made = replace(CLIP, made_with=ServedModel(row.name, row.source, 99))
    await new.finish(JOB.id, made, 20.0)
    assert await new.search.clip(REQUEST) == made
    assert await jobs.search.clip(REQUEST) is None


async def test_a_deleted_job_is_never_found(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.finish(JOB.id, CLIP, 20.0)
    await jobs.forget(JOB.id)
    assert await jobs.search.clip(REQUEST) is None
    assert await jobs.search.by_message("discord", "2", "3") is None
    assert await jobs.search.undelivered() == []
    for call in (jobs.get(JOB.id), jobs.forget(JOB.id)):
        with pytest.raises(JobGone) as caught:
            await call
        assert caught.value.key == "job_deleted"


async def test_waiting_jobs_are_listed_in_the_order_in_which_they_will_run(jobs: Jobs) -> None:
    for number in range(3):
        await jobs.add(job(f"ann{number}", "ann", 1000.0 + number))
    await jobs.add(job("bob0", "bob", 1010.0))
    await jobs.dispatched("ann0", 1, 1001.0)
    await jobs.dispatched("ann1", 1, 1002.0)
    await jobs.started("ann0", 1, 1003.0)
    assert [one.id for one in await jobs.pending.in_flight()] == ["ann0", "ann1"]
    assert [one.id for one in await jobs.pending.next(9)] == ["bob0", "ann2"]
    positions = [await jobs.pending.position(name) for name in ("ann0", "ann1", "bob0", "ann2")]
    assert positions == [None, 0, 1, 2]


async def test_a_forecast_is_the_median_of_similar_requests(jobs: Jobs) -> None:
    assert await jobs.sums.median_seconds(REQUEST) is None
    for seconds in (3.0, 9.0, 5.0):
        await jobs.add(job(f"j{seconds}"))
        await jobs.finish(f"j{seconds}", replace(CLIP, seconds=seconds), 20.0)
    assert await jobs.sums.median_seconds(replace(REQUEST, seed=99, prompt="other")) == 5.0
    for change in (
        {"model": "other"},
        {"steps": REQUEST.steps + 1},
        {"preset": Preset.DRAFT},
        {"candidates": 3},
        {"guidance": 9.0},
    ):
        other = replace(REQUEST, **change)
        assert await jobs.sums.median_seconds(other) is None


async def test_a_job_that_cannot_be_parsed_is_skipped(jobs: Jobs, engine: AsyncEngine) -> None:
    for name in ("of a later version", "fine"):
        await jobs.add(job(name))
    newer = jobs_table.c.id == "of a later version"
    async with engine.begin() as connection:
        await connection.execute(update(jobs_table).where(newer).values(request='{"lens": 50}'))
    assert [one.id for one in await jobs.pending.all()] == ["fine"]
    assert [one.id for one in await jobs.pending.next(1)] == ["fine"]


async def test_a_database_error_is_unavailable(engine: AsyncEngine, catalogue: Catalogue) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE jobs RENAME TO elsewhere")
    with pytest.raises(Unavailable) as caught:
        await Jobs(engine, catalogue).pending.all()
    assert caught.value.key == "unavailable_database"


async def test_unreadable_jobs_hold_up_neither_their_owner_nor_others(
    jobs: Jobs, engine: AsyncEngine
) -> None:
    broken = []
    for owner in ("ann", "bob", "cleo"):
        broken += [f"{owner}{number}" for number in range(4)]
        await jobs.add(*(job(name, owner, 1000.0) for name in broken[-4:]))
    await jobs.add(job("ann9", "ann", 2000.0))
    await jobs.add(job("dan0", "dan", 3000.0))
    here = jobs_table.c.id.in_(broken)
    async with engine.begin() as connection:
        await connection.execute(update(jobs_table).where(here).values(request="?"))
    for limit, found in ((1, ["ann9"]), (2, ["ann9", "dan0"]), (9, ["ann9", "dan0"])):
        assert [one.id for one in await jobs.pending.next(limit)] == found


async def test_tokens_are_deleted_when_they_are_dead(jobs: Jobs) -> None:
    for number, name in enumerate("abc"):
        target = replace(JOB.reply_to, token=name, token_expires=100.0 + number)
        await jobs.add(replace(job(name), reply_to=target))
    await jobs.drop_dead_tokens(101.5)
    tokens = [(await jobs.get(name)).reply_to.token for name in "abc"]
    assert tokens == ["", "", "c"]
    await jobs.finish("c", CLIP, 20.0)
    await jobs.delivered("c", "9", 21.0)
    assert (await jobs.get("c")).reply_to.token == ""


async def test_many_jobs_are_read_page_by_page(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.database.queries.job_pages.PAGE", 2)
    names = [f"j{number}" for number in range(5)]
    for number, name in enumerate(names):
        await jobs.add(job(name, "ann" if number % 2 else "bob", 1000.0 + number // 2))
    assert [one.id for one in await jobs.pending.all()] == names
    for name in names:
        await jobs.finish(name, BROKEN, 20.0)
    assert [one.id for one in await jobs.search.undelivered()] == names


async def test_an_undelivered_clip_can_be_queued_again(jobs: Jobs) -> None:
    await jobs.add(JOB)
    assert await jobs.reopen(JOB.id) is None
    await jobs.dispatched(JOB.id, 1, 10.0)
    await jobs.started(JOB.id, 1, 11.0)
    await jobs.finish(JOB.id, CLIP, 20.0)
    assert await jobs.reopen(JOB.id) == replace(JOB, attempt=1, deaths=1)
    assert not await jobs.search.needs_blob(CLIP.blob, "unknown")
    await jobs.dispatched(JOB.id, 2, 30.0)
    assert await jobs.finish(JOB.id, CLIP, 40.0) is not None
    await jobs.delivered(JOB.id, "9", 41.0)
    assert await jobs.reopen(JOB.id) is None


async def test_blobs_are_needed_until_their_last_job_is_forgotten(jobs: Jobs) -> None:
    for name in ("a", "b"):
        await jobs.add(job(name))
        await jobs.finish(name, CLIP, 20.0)
    blobs = (REQUEST.picture, CLIP.blob, CLIP.poster)
    for name, needed in (("a", True), ("b", False)):
        await jobs.forget(name)
        assert {await jobs.search.needs_blob(blob, name) for blob in blobs} == {needed}


@pytest.mark.parametrize("name", ["", "\0", "\ud800", "镜头", "x" * 5000])
async def test_an_id_of_no_form_is_an_unknown_job(jobs: Jobs, name: str) -> None:
    with pytest.raises(JobGone) as caught:
        await jobs.get(name)
    assert caught.value.key == "job_unknown"

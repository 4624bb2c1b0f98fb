"""What was tried to deliver a job has its owner's name, and none once that is forgotten."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from storage.database.jobs import Jobs
from storage.database.tables import deliveries
from storage.domain.clip import Failure
from storage.domain.delivery_state import DeliveryState, Way
from tests.support.examples import JOB

TRIED = DeliveryState((Way.EDIT,))


async def owners(jobs: Jobs) -> list[str]:
    async with jobs._read() as connection:
        return list(await connection.scalars(select(deliveries.c.owner)))


async def test_a_delivery_that_goes_on_does_not_bring_a_forgotten_name_back(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.deliveries.put(JOB, TRIED)
    assert await owners(jobs) == [JOB.owner]
    await jobs.finish(JOB.id, Failure("failed_memory"), 14.0)
    await jobs.privacy.erasures.erase_jobs(JOB.owner, 15.0, JOB.created)
    await jobs.deliveries.put(JOB, replace(TRIED, failures=1))
    assert await owners(jobs) == []


async def test_of_a_deleted_job_nothing_is_recorded_either(jobs: Jobs) -> None:
    await jobs.add(JOB)
    await jobs.forget(JOB.id)
    await jobs.deliveries.put(JOB, TRIED)
    assert await jobs.deliveries.get(JOB.id) == DeliveryState()

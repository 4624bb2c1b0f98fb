"""What an event costs does not grow with the jobs that wait, nor with those that have finished.

Costs are the steps of SQLite's virtual machine, which are the same on every machine.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.domain.catalogue import Catalogue, QuotaRow
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.quota import DAY
from tests.support.examples import CLIP, REQUEST, job

NOON = 1000 * DAY + DAY / 2
OWNERS = ("ann", "bob", "cleo", "dan")
FEW, MANY = 40, 400


async def order(jobs: Jobs) -> None:
    """Check what is left, look for the clip, and order."""
    await jobs.sums.allowance("eve", NOON)
    await jobs.search.clip(replace(REQUEST, seed=99))
    await jobs.add(job("new", "eve", NOON + 500))


async def make(jobs: Jobs) -> None:
    """Take the next job from its dispatch to its delivery."""
    [first] = await jobs.pending.next(1)
    await jobs.dispatched(first.id, 1, NOON)
    await jobs.pending.in_flight()
    await jobs.started(first.id, 1, NOON)
    await jobs.get(first.id)
    await jobs.requeue(first.id, 1, died=True)
    await jobs.dispatched(first.id, 2, NOON)
    await jobs.finish(first.id, CLIP, NOON)
    await jobs.delivered(first.id, "9", NOON)


async def sweep(jobs: Jobs) -> None:
    """Do what is done every few seconds."""
    await jobs.pending.in_flight()
    await jobs.search.undelivered()
    await jobs.drop_dead_tokens(NOON)
    await jobs.pending.sizes()
    await jobs.pending.next(4)
    await jobs.sums.median_seconds(REQUEST)


async def report(jobs: Jobs) -> None:
    """Report on a person, and on everybody since yesterday."""
    await jobs.sums.of_person("eve", NOON)
    await jobs.sums.of_everybody(NOON - DAY)


async def delete(jobs: Jobs) -> None:
    """Forget a job, and ask for its blobs."""
    await jobs.forget("0")
    for blob in (REQUEST.picture, CLIP.blob, CLIP.poster):
        await jobs.search.needs_blob(blob, "0")


def example(number: int, finished: bool) -> Job:
    created = NOON + number / 100 - (50 * DAY if finished else 0)
    new = replace(job(str(number), OWNERS[number % 4], created), reply_to=ReplyTarget("test"))
    if not finished:
        return new
    clip = replace(CLIP, blob=f"{number:064x}", poster=f"{number:063x}f")
    return replace(new, status=Status.DONE, clip=clip, delivered=created, ended=created)


async def steps_of_events(
    path: Path, catalogue: Catalogue, waiting: int, finished: int
) -> dict[str, int]:
    """Return how many steps SQLite's virtual machine takes for each event."""
    engine = await open_database(f"sqlite+aiosqlite:///{path}")
    jobs = Jobs(engine, replace(catalogue, quota=QuotaRow(10**9, 10**9)))
    examples = [example(number, number < finished) for number in range(waiting + finished)]
    for owner in OWNERS:
        await jobs.add(*(one for one in examples if one.owner == owner))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.set_progress_handler(count, 1)
    found = {}
    for event in (order, make, sweep, report, delete):
        steps = 0
        await event(jobs)
        found[event.__name__] = steps
    await engine.dispose()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("finished", [False, True])
async def test_an_event_costs_the_same_however_many_jobs_there_are(
    finished: bool, tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.connect.CONNECTIONS", 1)
    few, many = [
        await steps_of_events(
            tmp_path / f"{count}.db", catalogue, *((8, count) if finished else (count, 8))
        )
        for count in (FEW, MANY)
    ]
    assert all(steps > 100 for steps in few.values())
    assert {name: steps for name, steps in many.items() if steps > 1.5 * few[name]} == {}

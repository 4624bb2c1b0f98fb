"""No statement goes through a table: each finds its rows by an index that holds them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database.jobs import Jobs
from storage.database.tables import metadata
from storage.domain.clip import Failure
from storage.domain.cost.bill import WorkerLife
from storage.domain.job import ReplyTarget
from tests.support.examples import CLIP, JOB, REQUEST, job

pytestmark = pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ, reason="PostgreSQL plans by statistics"
)

SCANS = tuple(f"SCAN {name}" for name in metadata.tables)
SMALL = ("ix_jobs_in_flight", "ix_jobs_undelivered", "ix_owners_turn")
"""Indexes that may be gone through: they hold only what waits, runs or is to be delivered."""


@pytest.fixture
def statements(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is executed, with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        if text.startswith(("SELECT", "UPDATE", "DELETE")):
            found.append((text, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(engine.sync_engine, "before_cursor_execute", note)


async def use_every_method(jobs: Jobs) -> None:
    """Call every method but unfinished(), which reads all that waits, once at a start."""
    for number in range(4):
        await jobs.add(job(f"job{number}", created=JOB.created + number))
    await jobs.dispatched("job0", 1, 10.0)
    await jobs.started("job0", 1, 11.0)
    await jobs.requeue("job0", 1, died=True)
    await jobs.cancel("job1", "ann", 12.0)
    await jobs.finish("job0", CLIP, 13.0)
    await jobs.reopen("job0")
    await jobs.finish("job0", Failure("failed_memory"), 14.0)
    await jobs.delivered("job0", "9", 15.0)
    await jobs.move("job0", ReplyTarget(front="discord", channel="5", message="6"))
    await jobs.drop_dead_tokens(16.0)
    await jobs.get("job2")
    await jobs.find_clip(REQUEST.fingerprint)
    await jobs.needs_blob("d" * 64, "job0")
    await jobs.by_message("discord", "5", "6")
    await jobs.undelivered()
    await jobs.in_flight()
    await jobs.next_jobs(3)
    await jobs.position("job3")
    await jobs.queue_size()
    await jobs.allowance("ann", JOB.created)
    await jobs.report("ann", JOB.created)
    await jobs.report_all(JOB.created)
    await jobs.median_seconds(REQUEST)
    await jobs.orders_since(JOB.created, 100)
    await jobs.finish("job2", replace(CLIP, worker="w"), 17.0)
    life = WorkerLife("a1", "w", "", 1.0, 5.0, 20.0)
    await jobs.lives.record(life, 0.1)
    await jobs.lives.record(replace(life, ended=True), 0.2)
    await jobs.lives.mean_start()
    await jobs.lives.total(0.0)
    await jobs.forget("job0")


def is_scan(step: str) -> bool:
    """Tell whether a step of a plan goes through a whole table."""
    return step.startswith(SCANS) and not step.endswith(SMALL)


async def test_every_statement_finds_its_rows_by_an_index(
    jobs: Jobs, engine: AsyncEngine, statements: list[tuple[str, Any]]
) -> None:
    await use_every_method(jobs)
    used = {text: parameters for text, parameters in statements}
    assert len(used) > 25
    scans = []
    async with engine.connect() as connection:
        for text, parameters in used.items():
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)
            scans += [(row.detail, text) for row in plan if is_scan(row.detail)]
    assert scans == []

"""A row that cannot be read harms only its own job, whichever column is damaged."""

from __future__ import annotations

import sqlite3
import time
from functools import partial
from pathlib import Path

import pytest

from bot.dispatch.dispatcher import MAX_ERRORS, Dispatcher
from bot.studio.options import Options
from storage.database.tables import jobs as table
from storage.domain.catalogue import QuotaRow
from storage.domain.clip import Failure
from storage.domain.errors import JobGone
from storage.domain.job import Job, Status
from storage.queue.client import Queue
from storage.queue.messages.orders import Order
from tests.support.backend import Backend, png, requester, until
from tests.support.examples import job

DAMAGES = {
    "null": "NULL",
    "empty": "''",
    "text": "'{job.__class__}'",
    "negative": "-1",
    "huge": "9223372036854775807",
    "infinite": "9e999",
    "blob": "x'fffe'",
    "not UTF-8": "CAST(x'22fffe22' AS TEXT)",
    "surrogate": """'"\\ud800"'""",
    "deep": f"'{'[' * 100_000}'",
    "nested": """'{"version": {"a": [1]}, "key": {"a": 1}}'""",
    "digits": f"'{{\"key\": {'9' * 5000}}}'",
}

COLUMNS = [column.name for column in table.columns]


async def order(backend: Backend, seed: int, owner: str) -> Job:
    return await backend.studio.orders.submit(requester(owner), png(), Options("a", seed=seed))


async def is_done(backend: Backend, job: Job) -> bool:
    return (await backend.jobs.get(job.id)).status is Status.DONE


def damage(folder: Path, columns: dict[str, dict[str, str]]) -> None:
    """Write SQL expressions into a column, by job, as nothing but an accident does."""
    with sqlite3.connect(folder / "mutoscope.db") as database:
        schema = database.execute("SELECT sql FROM sqlite_master WHERE name = 'jobs'").fetchone()[0]
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'jobs'",
            (schema.replace(" NOT NULL", ""),),
        )
    database.close()
    with sqlite3.connect(folder / "mutoscope.db") as database:
        for column, rows in columns.items():
            statement = "UPDATE OR IGNORE jobs SET {} = {} WHERE id = ?"
            for job_id, expression in rows.items():
                database.execute(statement.format(column, expression), (job_id,))
    database.close()


@pytest.mark.parametrize("columns", [COLUMNS[first::6] for first in range(6)], ids=" ".join)
async def test_a_damaged_column_harms_only_its_job(
    columns: list[str], backend: Backend, tmp_path: Path
) -> None:
    jobs = backend.jobs_with_quota(QuotaRow(10**9, 10**9))
    rows: dict[str, dict[str, str]] = {}
    for column in columns:
        names = [f"{column}.{n}" for n in range(2 * len(DAMAGES))]
        await jobs.add(*(job(name, f"owner of {column}", time.time()) for name in names))
        for name in names[len(DAMAGES) :]:
            await jobs.finish(name, Failure("failed_encoding"), time.time())
        expressions = [*DAMAGES.values(), *DAMAGES.values()]
        rows[column] = dict(zip(names, expressions, strict=True))
    damage(tmp_path, rows)
    async with backend.running():
        bystander = await order(backend, 99, "bystander")
        await until(partial(is_done, backend, bystander))
    await backend.jobs.pending.next(99)
    await backend.jobs.sums.of_everybody(0.0)
    await backend.jobs.sums.median_seconds(bystander.request)
    assert bystander.id in [job.id for job in await backend.jobs.search.undelivered()]


async def test_jobs_behind_one_whose_id_is_not_unicode_are_found(
    backend: Backend, tmp_path: Path
) -> None:
    jobs = backend.jobs_with_quota(QuotaRow(10**9, 10**9))
    names = [f"job.{number}" for number in range(4)]
    for created, name in enumerate(names):
        await jobs.add(job(name, "one", float(created)))
    damage(tmp_path, {"id": {names[0]: DAMAGES["not UTF-8"]}})
    assert [found.id for found in await jobs.pending.next(9)] == names[1:]


async def test_a_job_that_cannot_be_put_is_failed_and_refunded(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    victim, put = await order(backend, 1, "victim"), Queue.put

    async def fail_for_one(queue: Queue, wanted: Order) -> bool:
        if wanted.job == victim.id:
            raise RecursionError("nobody thought of this")
        return await put(queue, wanted)

    monkeypatch.setattr(Queue, "put", fail_for_one)
    async with backend.running():
        bystander = await order(backend, 2, "bystander")
        await until(partial(is_done, backend, bystander))
        await until(backend.all_jobs_ended)
    assert (await backend.jobs.get(victim.id)).failure == Failure("internal_error")
    assert (await backend.jobs.sums.allowance("victim", victim.created)).spent == 0
    assert f"set aside after {MAX_ERRORS} errors" in caplog.text


async def test_a_job_that_cannot_even_be_ended_is_left_alone(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, dispatched = await order(backend, 1, "victim"), type(backend.jobs).dispatched

    async def fail(*args: object) -> bool:
        if victim.id in args:
            raise ZeroDivisionError
        return await dispatched(*args)  # type: ignore[arg-type]  # what it was called with

    monkeypatch.setattr(type(backend.jobs), "dispatched", fail)
    monkeypatch.setattr(type(backend.jobs), "finish", fail)
    dispatcher = Dispatcher(backend.jobs, backend.blobs, backend.queue, backend.events)
    for _ in range(MAX_ERRORS):
        assert await dispatcher.dispatch_once() == 1
    assert await dispatcher.dispatch_once() == 0
    assert dispatcher.set_aside == {victim.id}


async def test_a_damaged_row_is_logged_once_and_counted(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = await order(backend, 1, "1")
    damage(tmp_path, {"request": {job.id: "'{'"}})
    for _ in range(3):
        assert await backend.jobs.pending.all() == []
    assert caplog.text.count("is set aside") == 1
    assert backend.jobs.unreadable == {job.id}
    with pytest.raises(JobGone):
        await backend.jobs.get("another")

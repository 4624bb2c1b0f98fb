"""A database of the first release is brought up to date with all that is in it."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import migrations
from storage.database.connect import open_database
from storage.database.jobs import Jobs
from storage.database.migrations import upgrade
from storage.database.migrations.upgrade import LONG, known_versions
from storage.database.rows import row_of
from storage.database.tables import days, ledger, owners
from storage.database.tables import jobs as jobs_table
from storage.database.usage.contribution import TOTALS, contribution
from storage.domain.catalogue import Catalogue
from storage.domain.clip import Failure
from storage.domain.job import Job, ReplyTarget, Status
from storage.domain.quota import DAY, day_of
from tests.storage.database.usage_recount import check_usage, rows_of
from tests.storage.domain.fair_queues import next_jobs
from tests.support.examples import CLIP, job
from tests.support.stores.sqlite_file import create_file

NOW = 4_000_000_000.0  # later than any test runs: tokens that expire then are alive
LIVE = ReplyTarget("discord", "1", "2", "3", token="live", token_expires=NOW)
DEAD = ReplyTarget("discord", "1", "2", "3", token="dead", token_expires=1000.0)


def old_jobs() -> list[Job]:
    """Return jobs of several people in every state, over three days."""
    chance, found = random.Random(1), []
    for number in range(60):
        owner = chance.choice(("ann", "bob", "cleo"))
        created = 1000 * DAY + number * 4000.0
        status = chance.choice(tuple(Status))
        one = replace(job(f"j{number:02}", owner, created, number % 5), status=status)
        one = replace(one, reply_to=LIVE if number % 2 else DEAD)
        if status is Status.RUNNING or (status is Status.QUEUED and number % 5 == 0):
            one = replace(one, attempt=1, dispatched=created + 1.0)
        if status.final:
            one = replace(one, attempt=1, dispatched=created + 1.0, ended=created + 900.0)
            one = replace(one, started=created + chance.choice((0.5, 2.0, 100.0)))
            one = replace(one, delivered=created + 10.0 if number % 3 else 0.0)
        if status is Status.DONE:
            clip = replace(CLIP, blob=f"{number:064x}", poster=f"{number + 100:064x}")
            one = replace(one, clip=clip, cached=number % 4 == 0)
        elif status is Status.FAILED:
            one = replace(one, failure=Failure("failed_memory"))
        found.append(one)
    return found


RETURNED = {"j00": 2, "j02": 7}
"""Credits that were given back of stories that were stopped."""


def write_old_entries(connection: Connection) -> None:
    """Insert what the ledger has of these jobs that was given back."""
    for one in old_jobs():
        lost = one.cost if one.status in (Status.FAILED, Status.CANCELLED) else 0
        for entry, credits in (("refund", lost), ("reduce", RETURNED.get(one.id, 0))):
            if credits:
                entered = {"owner": one.owner, "job": one.id, "entry": entry, "credits": -credits}
                place = {"day": day_of(one.created), "at": one.created}
                connection.execute(insert(ledger).values(entered | place))


def write_old_jobs(connection: Connection) -> None:
    """Insert these jobs as the first release did; two of them are forgotten, or no JSON."""
    table = Table("jobs", MetaData(), autoload_with=connection)
    for one in old_jobs():
        row = row_of(one, "f" * 64) | {"seconds": one.clip.seconds if one.clip else 0.0}
        row["forgotten"] = one.id == "j59"
        row["request"] = "{not JSON" if one.id == "j58" else row["request"]
        known = {name: value for name, value in row.items() if name in table.c}
        connection.execute(insert(table).values(known))
    write_old_entries(connection)


@pytest.fixture
async def upgraded(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database that was written at version 1 and opened now."""
    engine = await open_database(database_url, "0001")
    async with engine.begin() as connection:
        await connection.run_sync(write_old_jobs)
    await engine.dispose()
    engine = await open_database(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def jobs(upgraded: AsyncEngine, catalogue: Catalogue) -> Jobs:
    return Jobs(upgraded, catalogue)


async def test_every_job_is_there_and_only_live_tokens_are(jobs: Jobs) -> None:
    for one in old_jobs()[:58]:
        found = await jobs.get(one.id)
        assert replace(found, reply_to=one.reply_to) == one
        live = one.reply_to is LIVE and not one.delivered
        assert found.reply_to.token == ("live" if live else "")


async def test_the_blobs_of_each_job_are_found(jobs: Jobs) -> None:
    assert await jobs.search.needs_blob(old_jobs()[0].request.picture, "j00")
    for one in old_jobs()[:58]:
        if one.clip is not None:
            assert await jobs.search.needs_blob(one.clip.blob, "unknown")
            assert await jobs.search.needs_blob(one.clip.poster, "unknown")


async def test_a_row_without_readable_request_or_that_is_forgotten_names_no_blob(
    upgraded: AsyncEngine,
) -> None:
    for row in await rows_of(upgraded, jobs_table):
        if row["id"] in ("j58", "j59"):
            assert row["picture"] is None
            assert row["id"] == "j58" or (row["clip_blob"], row["clip_poster"]) == (None, None)


@pytest.mark.parametrize(
    ("table", "key"),
    [(owners, lambda row: row["owner"]), (days, lambda row: day_of(row["created"]))],
)
async def test_the_sums_are_those_of_the_jobs(
    upgraded: AsyncEngine, table: Table, key: Callable[[Any], object]
) -> None:
    rows = await rows_of(upgraded, jobs_table)
    groups = await rows_of(upgraded, table)
    assert {found[table.primary_key.columns[0].name] for found in groups} == set(map(key, rows))
    for found in groups:
        group = found[table.primary_key.columns[0].name]
        mine = [contribution(row) for row in rows if key(row) == group]
        expected = {name: sum(part[name] for part in mine) for name in TOTALS}
        assert {name: found[name] for name in TOTALS} == pytest.approx(expected)


async def test_the_sums_of_servers_are_those_of_their_jobs(upgraded: AsyncEngine) -> None:
    rows = await rows_of(upgraded, jobs_table)
    assert {row["id"]: row["returned"] for row in rows if row["returned"]} == RETURNED
    await check_usage(upgraded, rows)


async def test_the_queue_goes_on_in_its_order(jobs: Jobs) -> None:
    unfinished = await jobs.pending.all()
    waiting = [one for one in unfinished if not one.dispatched]
    served: dict[str, float] = {}
    for one in old_jobs():
        served[one.owner] = max(served.get(one.owner, 0.0), one.dispatched)
    fair = next_jobs(waiting, [one for one in unfinished if one.dispatched], 99, served)
    assert len(fair) > 3
    assert [one.id for one in await jobs.pending.next(99)] == [one.id for one in fair]
    await jobs.dispatched(fair[0].id, 1, NOW)
    assert [one.id for one in await jobs.pending.next(1)] == [fair[1].id]


async def test_an_upgrade_that_is_stopped_goes_on_where_it_was(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await open_database(database_url, "0001")
    async with engine.begin() as connection:
        await connection.run_sync(write_old_jobs)
    await engine.dispose()
    done: list[str] = []
    run = upgrade._upgrade

    def step(connection: Connection, version: str) -> None:
        if version == LONG[-1] and LONG[-2] in done:
            done.clear()
            raise ZeroDivisionError
        run(connection, version)
        done.append(version)

    monkeypatch.setattr(upgrade, "_upgrade", step)
    with pytest.raises(ZeroDivisionError):
        await open_database(database_url)
    engine = await open_database(database_url)
    assert done == [LONG[-1], known_versions()[-1]]
    await check_usage(engine, await rows_of(engine, jobs_table))
    await engine.dispose()


DAMAGES = (
    "''",
    "'{job}'",
    "-1",
    "9223372036854775807",
    "9e999",
    "x'fffe'",
    "CAST(x'22fe' AS TEXT)",
)


@pytest.mark.parametrize("column", ["status", "created", "dispatched", "cost", "request", "clip"])
async def test_damaged_rows_do_not_stop_the_upgrade(
    column: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    """Only SQLite stores such values."""
    path = tmp_path / "old.db"
    engine = await open_database(f"sqlite+aiosqlite:///{path}", "0001")
    async with engine.begin() as connection:
        await connection.run_sync(write_old_jobs)
    await engine.dispose()
    with sqlite3.connect(path) as database:
        for number, damage in enumerate(DAMAGES):
            statement = f"UPDATE jobs SET {column} = {damage} WHERE id = 'j{number:02}'"
            database.execute(statement)
    database.close()
    engine = await open_database(f"sqlite+aiosqlite:///{path}")
    jobs = Jobs(engine, catalogue)
    waiting = [one.id for one in await jobs.pending.all() if not one.dispatched]
    assert len(waiting) > 3
    assert {one.id for one in await jobs.pending.next(99)} == set(waiting)
    await jobs.sums.of_person("ann", NOW)
    await jobs.sums.of_everybody(0.0)
    await engine.dispose()


async def test_the_file_that_tests_copy_is_what_the_migrations_make(tmp_path: Path) -> None:
    create_file(tmp_path / "copied.db")
    await (await open_database(f"sqlite+aiosqlite:///{tmp_path}/made.db")).dispose()
    schemas = []
    for name in ("copied.db", "made.db"):
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as database:
            found = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name")
            schemas.append(found.fetchall())
    assert schemas[0] == schemas[1]
    assert len(schemas[0]) > 10


def test_the_versions_are_those_that_alembic_knows() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions()
    assert [script.revision for script in scripts] == known_versions()[::-1]


async def test_tables_of_the_newest_version_need_no_alembic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_file(tmp_path / "newest.db")
    monkeypatch.setitem(sys.modules, "alembic", None)  # importing it is an error
    await (await open_database(f"sqlite+aiosqlite:///{tmp_path}/newest.db")).dispose()
    with pytest.raises(ModuleNotFoundError):
        await open_database(f"sqlite+aiosqlite:///{tmp_path}/none.db")

"""The database is created where missing, migrated, and durable."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any
from urllib.parse import quote

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import connect
from storage.database.connect import open_database, parse_url, place_of
from storage.database.jobs import Jobs
from storage.database.tables import metadata
from storage.domain.catalogue import Catalogue
from storage.domain.errors import Unavailable
from storage.settings import SettingsError
from tests.storage.full_disk import full_disk
from tests.support.examples import job


async def test_the_migrations_give_the_tables_of_the_code(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    versions = set()
    for _ in range(2):
        engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/again.db")
        async with engine.connect() as connection:
            query = text("SELECT version_num FROM alembic_version")
            versions.add(await connection.scalar(query))
        await engine.dispose()
    assert len(versions) == 1


async def test_sqlite_uses_wal_full_sync_and_foreign_keys(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/full.db")
    async with engine.connect() as connection:
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(text("PRAGMA synchronous")) == 2
        assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
    await engine.dispose()


async def test_postgresql_plans_each_statement_for_its_values(migrated_postgres_url: str) -> None:
    engine = await open_database(migrated_postgres_url)
    for _ in range(2):
        async with engine.connect() as connection:  # the same one again
            assert await connection.scalar(text("SHOW plan_cache_mode")) == "force_custom_plan"
            await connection.rollback()
    await engine.dispose()


async def test_an_error_shows_no_parameters(engine: AsyncEngine) -> None:
    insert = text("INSERT INTO nowhere VALUES (:prompt)")
    with pytest.raises(DBAPIError, match="nowhere") as error:
        async with engine.begin() as connection:
            await connection.execute(insert, {"prompt": "tulips"})
    assert "tulips" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/x", "postgresql+asyncpg://u:***@h/x"),
        ("postgresql://u:p#a/b@h:1/x", "postgresql+asyncpg://u:***@h:1/x"),
        ("postgresql+psycopg2://h/x?sslmode=require", "postgresql+asyncpg://h/x?ssl=require"),
        ("postgresql+asyncpg://h/x?channel_binding=require", "postgresql+asyncpg://h/x"),
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
    ],
)
def test_what_hosters_hand_out_is_taken(given: str, used: str) -> None:
    assert parse_url(given).render_as_string() == used


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "mysql://u:geheim@h/x",
        "postgres://u:p@geheim@h/x",
        "postgres://u:geheim@h:99999/x",
        "postgres://u:p@h:geheim/x",
        "sqlite://",
        "sqlite://a.db",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=ro",
    ],
)
async def test_a_wrong_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL") as error:
        await open_database(url)
    assert "geheim" not in str(error.value)


def test_a_place_shows_neither_user_nor_password() -> None:
    assert place_of("postgres://user:geheim@there/x") == "there:5432/x"
    assert place_of("sqlite:////a%0Ab.db") == "/a\\nb.db"


@pytest.mark.parametrize("name", ["60% #?", "a%20b", "it's \"\n", "caf\udce9", "file:x"])
async def test_the_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / name
    engine = await open_database("sqlite:///" + quote(os.fsencode(path)))
    await engine.dispose()
    assert path.is_file()


async def test_the_systems_reason_is_the_cause(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as error:
        await open_database(f"sqlite:///{tmp_path}")
    assert isinstance(error.value.__cause__, IsADirectoryError)


async def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    for folder in ("new", "old"):
        path = tmp_path / folder / "private.db"
        if folder == "old":
            path.parent.mkdir()
            for ending in ("", "-wal", "-shm"):
                path.with_name(path.name + ending).touch(0o644)
        engine = await open_database(f"sqlite+aiosqlite:///{path}")
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        await engine.dispose()
        assert modes == dict.fromkeys(("private.db", "private.db-wal", "private.db-shm"), 0o600)


def size_of_largest(folder: Path) -> int:
    return max(file.stat().st_size for file in folder.iterdir())


async def test_a_full_disk_is_unavailable_and_loses_nothing(
    tmp_path: Path, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    engine = await open_database(f"sqlite+aiosqlite:///{tmp_path}/full.db")
    jobs = Jobs(engine, catalogue)
    await jobs.add(job("kept"))
    with full_disk(size_of_largest(tmp_path)):
        for name in ("lost", "lost too"):
            with pytest.raises(Unavailable) as caught:
                await jobs.add(job(name))
    assert caught.value.key == "unavailable_database"
    assert [line for line in caplog.messages if line.startswith("the database: ")]
    await jobs.add(job("after"))
    assert caplog.messages[-1] == "the database: works again"
    assert [one.id for one in await jobs.pending.all()] == ["after", "kept"]
    await engine.dispose()


async def test_statements_are_logged_with_their_time_and_without_values(
    engine: AsyncEngine, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "storage.database.connect.statements")
    await Jobs(engine, catalogue).add(job("secret name"))
    assert any("INSERT INTO jobs" in message for message in caplog.messages)
    assert "secret name" not in caplog.text


async def test_a_database_of_a_newer_release_is_refused_in_a_line(database_url: str) -> None:
    engine = await open_database(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await engine.dispose()
    with pytest.raises(SettingsError, match="newer release") as caught:
        await open_database(database_url)
    assert "(version 9999, where" in str(caught.value)


async def test_an_end_waits_for_a_statement_whose_closing_was_cancelled_too(tmp_path: Path) -> None:
    began, goes_on, driver = Event(), Event(), list[Any]()

    def slow() -> None:
        began.set()
        goes_on.wait(60)

    def define(made: Any, _: object) -> None:
        driver.append(made.driver_connection)
        made.driver_connection._connection.create_function("slow", 0, slow)

    engine = await open_database(f"sqlite:///{tmp_path}/new.db")
    await engine.dispose()  # the next connection has the function
    event.listen(engine.sync_engine, "connect", define)

    async def read() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT slow()"))

    reading = asyncio.create_task(read())
    while not began.is_set():  # noqa: ASYNC110  # a thread sets it
        await asyncio.sleep(0)
    reading.cancel()
    while not any("graceful_close" in repr(task) for task in asyncio.all_tasks()):  # noqa: ASYNC110
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    asyncio.get_running_loop().call_later(0.1, goes_on.set)
    await engine.dispose()
    assert not driver[0]._thread.is_alive()


async def test_an_end_waits_for_a_connection_whose_opening_was_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, goes_on, threads = Event(), Event(), list[Thread]()

    def open_slowly(*arguments: Any, **options: Any) -> connect.SqliteConnection:
        threads.append(current_thread())
        began.set()
        goes_on.wait(60)
        return made(*arguments, **options)

    engine = await open_database(f"sqlite:///{tmp_path}/new.db")
    await engine.dispose()
    made = connect.SqliteConnection
    monkeypatch.setattr(connect, "SqliteConnection", open_slowly)

    async def read() -> None:
        async with engine.connect():
            pass

    reading = asyncio.create_task(read())
    while not began.is_set():  # noqa: ASYNC110  # a thread sets it
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    asyncio.get_running_loop().call_later(0.1, goes_on.set)
    await engine.dispose()
    assert not threads[0].is_alive()
